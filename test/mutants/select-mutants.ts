import type { Mutant } from './mutant.ts'

/** The mutants whose id has one of the words in it or whose path begins so; all without. `unknown` words have none. */
export function selectMutants(mutants: readonly Mutant[], words: readonly string[]) {
  const has = ({ id, file }: Mutant, word: string) => id.includes(word) || file.startsWith(word)
  return {
    selected: words.length === 0 ? mutants : mutants.filter(mutant => words.some(word => has(mutant, word))),
    unknown: words.filter(word => !mutants.some(mutant => has(mutant, word))),
  }
}
