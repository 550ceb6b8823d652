export interface FewAtATime {
  /** How many are asked at a time. */
  readonly most: number
  /** Once it is aborted, no more are asked. */
  readonly signal: AbortSignal
}

/** Asks for each of many things, a few at a time; what comes of each stands in their order. */
export async function fewAtATime<Thing, Answer>(
  things: readonly Thing[],
  { most, signal }: FewAtATime,
  ask: (thing: Thing) => Promise<Answer>,
): Promise<Answer[]> {
  const answers: Answer[] = []
  let next = 0
  const go = async () => {
    while (next < things.length && !signal.aborted) {
      const at = next++
      answers[at] = await ask(things[at]!)
    }
  }
  await Promise.all(Array.from({ length: most }, go))
  return answers
}
