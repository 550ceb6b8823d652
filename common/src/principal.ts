/** Who a request comes from, as it proved itself. */
export interface Principal {
  /** For logs and the audit log: the name of a key, or of a process's certificate; never a secret. */
  readonly name: string
  /** Of the key that it came with; undefined where it came with none. */
  readonly keyId?: string
}

/** Whoever it is: where no key is asked for, and in what a process does by itself. */
export const anyone: Principal = Object.freeze({ name: 'anyone' })
