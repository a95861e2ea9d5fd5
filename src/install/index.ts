/** Puts servers into the configuration of client programs, and takes them out again. */
export { CLIENTS, type ClientId, type ClientSpec, type Scope, type System } from "./clients.js";
export { type Change, isBeyondPlainJson, putEntry, removeEntry, serverNames } from "./edit.js";
export { entryOf, isClearText, type ServerAt } from "./entry.js";
export { InstallError } from "./errors.js";
export { type Launch, launchOfCommand, launchOfFile, type Surroundings } from "./launch.js";
export { nameOfCommand, nameOfFile, nameOfUrl, SERVER_NAME } from "./name.js";
export { type ConfigFile, readConfig } from "./read.js";
export { writeConfig } from "./write.js";
