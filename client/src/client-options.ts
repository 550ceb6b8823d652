import type { SettingNames, Surroundings, Transport } from './ports.ts'

export interface ClientOptions {
  /** Where a coordinator answers, such as `http://127.0.0.1:7700`. */
  readonly url: string
  /** How long to wait for an answer, for a put: for a sign of life; by the kind of call when left out. */
  readonly timeoutMs?: number | undefined
  /** The API key to send; none where the coordinator asks for none. */
  readonly key?: string | undefined
  /** How often a call is made that fails in a way that may pass; 1 for no second attempt. */
  readonly attemptsMax?: number | undefined
  /** `fetch` when left out. */
  readonly transport?: Transport | undefined
  /** Reads answers; `JSON.parse` when left out, which rounds numbers of fields that no double holds. */
  readonly parse?: ((text: string) => unknown) | undefined
  /** What messages call these options. */
  readonly names?: SettingNames | undefined
  /** Time and chance; for tests. */
  readonly surroundings?: Surroundings | undefined
}
