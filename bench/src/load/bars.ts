/** What the project promises of a whole request, beside what was measured. */
export interface Bar {
  /** What of what, so that value and bar need no explanation. */
  readonly name: string
  /** Null where nothing was answered; no bar is met by that. */
  readonly value: number | null
  readonly bar: number
  readonly met: boolean
}

export function atLeast(name: string, value: number | null, bar: number): Bar {
  const known = finiteOrNull(value)
  return { name, value: known, bar, met: known !== null && known >= bar }
}

export function atMost(name: string, value: number | null, bar: number): Bar {
  const known = finiteOrNull(value)
  return { name, value: known, bar, met: known !== null && known <= bar }
}

/** As names of bars tell it. */
export function countOfClients(clients: number): string {
  return `${clients} ${clients === 1 ? 'client' : 'clients'}`
}

function finiteOrNull(value: number | null): number | null {
  return value !== null && Number.isFinite(value) ? value : null
}
