/** What a server may ask while a tool runs, and who answers. */
import type { Client, ClientCapabilities, Root } from "@modelcontextprotocol/client";
import { askForm } from "./ask.js";
import { askModel } from "./ask-model.js";
import { askPage, Completions } from "./ask-url.js";
import type { ConnectExtras } from "./connect.js";
import { CliError, EXIT } from "./errors.js";

export interface Answering {
  readonly mayAsk: boolean;
  readonly roots: readonly Root[];
  /** Before something is shown. */
  readonly before: () => void;
}

export interface Answers extends ConnectExtras {
  /** Calls again when the pages that the server insists on have been visited. */
  withPages<Result>(call: () => Promise<Result>): Promise<Result>;
}

/** Pages that one call may insist on before it is given up: more is a server that goes round in circles. */
const MAX_PAGES = 5;
/** `URLElicitationRequiredError` (2025-11-25, elicitation, error handling). */
const PAGE_REQUIRED = -32042;

/** Only what can be answered is declared, so that a tool can do without where it cannot. */
export function answersTo({ mayAsk, roots, before }: Answering): Answers {
  const done = new Completions();
  const capabilities: ClientCapabilities = {
    elicitation: mayAsk ? { form: {}, url: {} } : { url: {} },
    ...(mayAsk && { sampling: {} }),
    ...(roots.length > 0 && { roots: {} }),
  };
  const prepare = (client: Client) => {
    client.setRequestHandler("elicitation/create", async ({ params }) => {
      if (params.mode !== "url") return askForm(params, before);
      const action = await askPage(params, { mayAsk, before });
      // Without sessions the server cannot tell when it is done; it is called again with the answer.
      const isOver = action !== "accept" || client.getProtocolEra() !== "modern" || (await done.wait(undefined));
      return { action: isOver ? action : "cancel" };
    });
    client.setNotificationHandler("notifications/elicitation/complete", ({ params }) =>
      done.complete(params.elicitationId),
    );
    if (mayAsk) client.setRequestHandler("sampling/createMessage", ({ params }) => askModel(params, before));
    if (roots.length > 0) client.setRequestHandler("roots/list", () => ({ roots: [...roots] }));
  };
  const withPages = async <Result>(call: () => Promise<Result>): Promise<Result> => {
    for (let round = 0; ; round += 1) {
      try {
        return await call();
      } catch (error) {
        const pages = pagesOf(error);
        if (pages === undefined || round === MAX_PAGES) throw error;
        for (const page of pages) {
          const action = await askPage(page, { mayAsk, before });
          if (action === "accept" && (await done.wait(page.elicitationId))) continue;
          throw new CliError(EXIT.failed, "The tool needs a page to be visited first.", {
            hint: `${page.url}\nOpen it, then call again.`,
            cause: error,
          });
        }
      }
    }
  };
  return { capabilities, prepare, withPages };
}

interface RequiredPage {
  readonly message: string;
  readonly url: string;
  readonly elicitationId: string;
}

function pagesOf(error: unknown): readonly RequiredPage[] | undefined {
  const { code, data } = (error ?? {}) as {
    readonly code?: unknown;
    readonly data?: { readonly elicitations?: unknown };
  };
  if (code !== PAGE_REQUIRED || !Array.isArray(data?.elicitations) || data.elicitations.length === 0) return undefined;
  const pages = (data.elicitations as readonly (Partial<RequiredPage> | null)[]).map((page) => ({
    message: String(page?.message ?? ""),
    url: String(page?.url ?? ""),
    elicitationId: String(page?.elicitationId ?? ""),
  }));
  return pages;
}
