export interface AskedAct {
  /** Whether it is being done already. */
  readonly running: boolean
  readonly disabled: boolean | undefined
  /** The name that must be typed; undefined where none must. */
  readonly typed: string | undefined
  /** What is typed. */
  readonly name: string
}

/** Whether what a dialog asks for cannot be done now: by its button or by Enter. */
export function isHeld({ running, disabled, typed, name }: AskedAct): boolean {
  return running || disabled === true || (typed !== undefined && name !== typed)
}
