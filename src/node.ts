/** What `import "holdfast"` gives on Node: the package, and care for what is printed before `run()` has decided. */
import "./hold-output.js";

export * from "./main.js";
