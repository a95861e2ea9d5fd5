import type { Methods } from "../types.js";

/** What a client of this revision may send. Cancellation by notification is for stdio; over HTTP the stream is closed. */
export const methods: Methods = {
  requests: [
    "server/discover",
    "subscriptions/listen",
    "tools/list",
    "tools/call",
    "resources/list",
    "resources/templates/list",
    "resources/read",
    "prompts/list",
    "prompts/get",
    "completion/complete",
    "tasks/get",
    "tasks/update",
    "tasks/cancel",
  ],
  notifications: ["notifications/cancelled"],
};
