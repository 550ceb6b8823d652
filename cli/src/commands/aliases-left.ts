import type { HypershardClient } from '@hypershard/client'
import type { GenerationDescription } from '@hypershard/contract'

/** Of a command that lets an index's name stand for another generation. */
export const moveAliasesOption = ['--move-aliases', 'let all aliases of the generation before move along'] as const

/** A line about the aliases that still stand for another generation of an index than its name does now; none for none. */
export async function aliasesLeft(
  api: HypershardClient,
  { index, generation }: GenerationDescription,
): Promise<string[]> {
  const { aliases } = await api.listAliases()
  const left = aliases.filter(
    other => other.index === index && other.alias !== index && other.generation !== generation,
  )
  if (left.length === 0) return []
  const names = left.map(({ alias, generation: other }) => `${alias} (generation ${other})`).join(', ')
  return [
    `still standing for another generation: ${names}; move them with: npx hypershard alias set ${left[0]!.alias}=${index}`,
  ]
}
