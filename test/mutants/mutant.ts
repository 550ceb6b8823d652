/** A fault that is planted on purpose, and who must notice it. */
export interface Mutant {
  /** Names it on the command line and in reports: lower case, words joined by hyphens, no other mutant's. */
  readonly id: string
  /** From the repository's root. */
  readonly file: string
  /** Exact text that stands in the file once. */
  readonly find: string
  /** What stands there instead; the file must still parse. */
  readonly replace: string
  /** The promise that is broken, in one sentence. */
  readonly breaks: string
  /** Test files from the repository's root; each of them must fail. */
  readonly tests: readonly string[]
}
