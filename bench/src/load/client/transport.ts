/** How the load client sends what it has; each kind of target has one. */
export interface Transport {
  /**
   * Sends one body and takes the whole answer.
   * @returns undefined for a good answer, the code of an error otherwise; never rejects
   */
  send(body: string): Promise<string | undefined>
  /** Bytes on the wire until now, of all connections; null where they cannot be seen. */
  bytes(): { readonly sent: number; readonly received: number } | null
  /** How often a body went to another origin than the one it was meant for. */
  readonly sentElsewhere: number
  /** The first answers that were judged wrong, in words. */
  readonly wrongAnswers: readonly string[]
  close(): Promise<void>
}
