/** Logins of this user, a file for each server: `$XDG_STATE_HOME/holdfast/logins`, for nobody else to read. */
import { createHash, randomUUID } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import type { StoredOAuthClientInformation, StoredOAuthTokens } from "@modelcontextprotocol/client";

/** What one authorization server has given for one resource. */
export interface Login {
  readonly client?: StoredOAuthClientInformation;
  readonly tokens?: StoredOAuthTokens;
}

interface Content {
  readonly resource: string;
  /** The one that was used last. */
  readonly issuer?: string;
  readonly issuers: Readonly<Record<string, Login>>;
}

const PRIVATE_FILE = 0o600;
const PRIVATE_FOLDER = 0o700;
/** For a server whose issuer is not known yet. */
const UNKNOWN = "";

export class LoginStore {
  readonly #file: string;
  readonly #resource: string;

  constructor(resource: URL, env: NodeJS.ProcessEnv = process.env) {
    const { origin, pathname, search } = resource;
    this.#resource = `${origin}${pathname}${search}`;
    const name = createHash("sha256").update(this.#resource).digest("hex");
    this.#file = join(folderOf(env), `${name}.json`);
  }

  /** Of this issuer; of the one that was used last where none is named. */
  get(issuer?: string): Login {
    const { issuer: last, issuers } = this.#read();
    const key = issuer ?? last ?? UNKNOWN;
    return Object.hasOwn(issuers, key) ? (issuers[key] ?? {}) : {};
  }

  set(login: Login, issuer?: string): void {
    const { issuer: last, issuers } = this.#read();
    const key = issuer ?? last ?? UNKNOWN;
    this.#write({
      resource: this.#resource,
      issuer: key,
      issuers: { ...issuers, [key]: { ...issuers[key], ...login } },
    });
  }

  /** Of the issuer that was used last. */
  drop(part: keyof Login): void {
    const { issuer = UNKNOWN, issuers } = this.#read();
    const { [part]: dropped, ...kept } = issuers[issuer] ?? {};
    if (dropped !== undefined)
      this.#write({ resource: this.#resource, issuer, issuers: { ...issuers, [issuer]: kept } });
  }

  /** True when there was something to forget. */
  forget(): boolean {
    const { issuers } = this.#read();
    rmSync(this.#file, { force: true });
    return Object.keys(issuers).length > 0;
  }

  #read(): Content {
    try {
      const content = JSON.parse(readFileSync(this.#file, "utf8")) as Content;
      if (content.resource === this.#resource && typeof content.issuers === "object") return content;
    } catch {
      // None yet, or a file that was cut off: logging in makes a new one.
    }
    return { resource: this.#resource, issuers: {} };
  }

  /** Beside and renamed, so that nobody reads half a file, and private before anything is in it. */
  #write(content: Content): void {
    const folder = join(this.#file, "..");
    mkdirSync(folder, { recursive: true, mode: PRIVATE_FOLDER });
    chmodSync(folder, PRIVATE_FOLDER);
    const beside = `${this.#file}.${randomUUID()}`;
    writeFileSync(beside, `${JSON.stringify(content, undefined, 2)}\n`, { mode: PRIVATE_FILE, flag: "wx" });
    renameSync(beside, this.#file);
  }
}

function folderOf({ XDG_STATE_HOME, LOCALAPPDATA }: NodeJS.ProcessEnv): string {
  // The specification of this variable says that a relative one is to be ignored: tokens would be in any folder.
  const given = XDG_STATE_HOME !== undefined && isAbsolute(XDG_STATE_HOME) ? XDG_STATE_HOME : undefined;
  const base = given || (process.platform === "win32" && LOCALAPPDATA) || join(homedir(), ".local", "state");
  return join(base, "holdfast", "logins");
}
