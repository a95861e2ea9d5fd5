/** The folders of the command and its parts. They start what their user types, on their own machine; no server loads them. */
const ROOMS = "cli|dev|doctor|init|install";

/** Is a file of the command, by its path below `src/`. */
export const OF_COMMAND = new RegExp(String.raw`^(?:${ROOMS})(?:\.ts$|/)`);
/** The source of a module imports a part of the command. */
export const IMPORTS_COMMAND = new RegExp(String.raw`["'](?:\.\.?/)+(?:${ROOMS})(?:/|\.js)`);
