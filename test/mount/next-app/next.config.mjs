import { fileURLToPath } from "node:url";

// The repository, seen from the copy of this folder in .tmp/: Holdfast and the fixture are outside it.
// biome-ignore lint/style/noDefaultExport: Next.js reads it
export default { turbopack: { root: fileURLToPath(new URL("../../../..", import.meta.url)) } };
