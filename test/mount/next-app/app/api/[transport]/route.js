import { mcp } from "../../../mcp.js";

export const GET = mcp.fetch;
export const POST = mcp.fetch;
export const DELETE = mcp.fetch;
export const OPTIONS = mcp.fetch;
