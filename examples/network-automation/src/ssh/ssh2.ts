/** ssh2 is CommonJS whose names Node cannot list statically; the default import is the whole module. */
import ssh2 from "ssh2";

export const Client: typeof ssh2.Client = ssh2.Client;
export const Server: typeof ssh2.Server = ssh2.Server;
export const utils: typeof ssh2.utils = ssh2.utils;
export type { AuthContext, ClientChannel, ConnectConfig, Connection, ServerChannel } from "ssh2";
export type SshClient = ssh2.Client;
export type SshServer = ssh2.Server;
