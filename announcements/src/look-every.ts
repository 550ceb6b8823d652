import type { Announcements } from './ports.ts'

/** How often each thing is looked at while no other process can be heard. */
const unheardMs = 1_000

/** How often to look at each thing in the store, at most as often as set: oftener while nobody tells what is new. */
export function lookEveryMs({ hearing }: Pick<Announcements, 'hearing'>, everyMs: number): number {
  return hearing ? everyMs : Math.min(everyMs, unheardMs)
}
