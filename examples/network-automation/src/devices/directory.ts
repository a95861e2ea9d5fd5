/** What the rest of the server asks of an inventory, wherever it is kept. */
export interface DeviceSummary {
  readonly name: string;
  readonly role: string;
  readonly site: string;
  readonly platform: string;
  readonly model: string;
  readonly status: string;
  readonly address: string;
}

/** Where and how to reach one device over SSH. */
export interface DeviceTarget {
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

export interface DeviceDirectory {
  /** Throws a `NetworkError` that says which names exist when there is no such device. */
  find(name: string, signal?: AbortSignal): Promise<DeviceTarget>;
  /** The same error as `find` when there is no such device. */
  describe(name: string, signal?: AbortSignal): Promise<DeviceSummary>;
  list(signal?: AbortSignal): Promise<DeviceSummary[]>;
  /** For completion: names that start with `prefix`, at most `MAX_COMPLETIONS`. */
  names(prefix: string, signal?: AbortSignal): Promise<string[]>;
}

/** The protocol allows one hundred values in a completion. */
export const MAX_COMPLETIONS = 100;

export const DEFAULT_SSH_PORT = 22;

/** Letters, digits and the punctuation host names and NetBox device names really have. */
export const DEVICE_NAME = /^[A-Za-z0-9][A-Za-z0-9 ._:()/-]{0,63}$/;
