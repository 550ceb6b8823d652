/** What goes from process to process: that an object of the store is new. It may be lost, come twice, or late. */
export interface Hint {
  /** Of the process that tells, drawn anew when it starts. */
  readonly sender: string
  /** Empty for a greeting: from now on the sender's hints come in, and what was before may have been missed. */
  readonly key: string
}

/** One way that hints go: a stream to a coordinator, those that come to one, or a Redis. */
export interface HintChannel {
  /** Sends without waiting, or not at all while nobody is there. Never throws. */
  send(hint: Hint): void
  /** Whether hints of another process come in this way now. */
  readonly hearing: boolean
  close(): void
}

/** Where a channel takes what comes in. */
export interface Ear {
  /** Of this process. */
  readonly sender: string
  receive(hint: Hint): void
}

/** Told what others put into the store. Neither method may throw, and both return at once. */
export interface HintListener {
  /** An object is new. */
  onHint(key: string): void
  /** Hints may have been missed: everything should be looked at once. */
  onGap(): void
}

/**
 * Where the processes of a cluster tell each other what is new in the object store. A hint only saves time: who never
 * hears one finds everything by looking at the store.
 */
export interface Announcements {
  /** Tells everyone, this process too, that an object is new. Returns at once and never throws. */
  tell(key: string): void
  listen(listener: HintListener): void
  /** Whether hints of other processes can come in now. */
  readonly hearing: boolean
}
