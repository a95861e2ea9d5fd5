import * as library from "holdfast";
// From the copy of this folder in .tmp/.
import { createFixture } from "../../fixture.ts";

export const mcp = createFixture(library);
