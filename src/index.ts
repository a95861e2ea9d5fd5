/**
 * Servers: what they are made of, who may use them, and what they keep.
 *
 * @module
 */
import * as crypto from "node:crypto";
import { provideCrypto } from "./util/crypto.js";

// Where there is no Node, a module cannot be had on demand; Node takes node.ts instead.
provideCrypto(crypto);

export * from "./main.js";
