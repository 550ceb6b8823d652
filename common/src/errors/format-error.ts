/** A codec's finding about bytes whose file it does not know; whoever knows the file says which it is. */
export class FormatError extends Error {
  override readonly name = 'FormatError'
}

/** Throws a FormatError unless bytes are as their format says. */
export function expectFormat(holds: boolean, problem: string): asserts holds {
  if (!holds) throw new FormatError(problem)
}
