import type { EncoderSession } from '../encoding/encoder-session.ts'
import { placesOfAlike, statesOf } from '../encoding/text-batch.ts'
import { paddedLength } from '../pairs/padded-length.ts'

export interface FixedShapes {
  /** Of the longest text. */
  readonly tokensMax: number
  /** Rows of each run of texts that are padded to a length. */
  rowsOf(paddedTokens: number): number
}

/**
 * The encoder with the shape of each run fixed by its texts' padded length alone: rows that nobody asked for are filled with
 * the first text.
 */
export function inFixedShapes(encoder: EncoderSession, { tokensMax, rowsOf }: FixedShapes): EncoderSession {
  return {
    close: () => encoder.close(),
    run: async texts => {
      const lengths = texts.map(ids => ids.length)
      const longest = Math.max(...lengths)
      const padded = lengths.map(tokens => paddedLength(tokens, tokensMax))
      let states = new Float32Array(0)
      let width = 0
      for (const places of placesOfAlike(padded)) {
        const tokens = padded[places[0]!]!
        for (const own of runsOf(places, rowsOf(tokens))) {
          const batch = await encoder.run(
            own.map(place => texts[place]!),
            tokens,
          )
          if (width === 0) states = new Float32Array(texts.length * longest * batch.width)
          width = batch.width
          for (const [row, place] of own.entries()) states.set(statesOf(batch, row), place * longest * width)
        }
      }
      return { states, lengths, longest, width }
    },
  }
}

/** Places in runs of so many rows; what is left of the last is filled with its first place. */
export function runsOf(places: readonly number[], rows: number): number[][] {
  const runs: number[][] = []
  for (let start = 0; start < places.length; start += rows) {
    const own = places.slice(start, start + rows)
    runs.push([...own, ...new Array<number>(rows - own.length).fill(own[0]!)])
  }
  return runs
}
