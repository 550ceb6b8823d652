import { type Deadline, HypershardError } from '@hypershard/common'
import type { Model } from '@hypershard/proto/encoder'
import { architectureFromProto, parameterCount } from '@hypershard/qnet'
import { type GenerationRecord, modelNotServed } from '@hypershard/storage'
import type { ModelRegistry } from '../catalog/model-registry.ts'
import type { Leaf } from '../search/composed/read-expression.ts'
import type { SearchInput } from '../search/search-input.ts'
import { externalScorerOf } from './external-model-of.ts'
import type { ScoredBy } from './own-query.ts'

type Generation = Pick<GenerationRecord, 'index' | 'generation' | 'model' | 'vectorWidth'>
type Models = Pick<ModelRegistry, 'list'>

/**
 * What the q-net of a query from outside must be, and of each leaf that is one; undefined where all is text.
 * @throws HypershardError `invalid_request` for a text where nothing encodes one, `model_not_served`
 */
export async function scoredBy(
  generation: Generation,
  { own, composed }: Pick<SearchInput, 'own' | 'composed'>,
  models: Models,
  deadline: Deadline,
): Promise<ScoredBy | undefined> {
  const { index, model } = generation
  const external = externalScorerOf(model)
  const leaves = composed?.leaves ?? [{ path: '', own }]
  const isText = (leaf: Pick<Leaf, 'own'>) => leaf.own === undefined
  if (leaves.every(isText) && external === undefined) return undefined
  const modelDigest = model.digest
  const text = leaves.find(isText)
  if (text !== undefined && external !== undefined) {
    const message = `${text.path === '' ? 'query' : `query.${text.path}`}: index \`${index}\` has no model that reads one; send a \`vector\` or a \`qnet\``
    throw new HypershardError('invalid_request', message, { details: { index } })
  }
  if (external !== undefined) return { architecture: external, modelDigest, ofModel: false }
  const known = await models.list(deadline)
  const found = known.find(({ digest }) => digest === modelDigest)
  if (found === undefined) throw modelNotServed(generation, known)
  return { architecture: architectureFromProto(found.architecture), modelDigest, ofModel: true }
}

/** What scoring costs depends on; undefined of a model that is not known now. */
export async function scoredFactsOf(
  { model, vectorWidth }: Generation,
  models: Models,
  deadline: Deadline,
): Promise<Pick<Model, 'qnetParameters' | 'vectorWidth'> | undefined> {
  const external = externalScorerOf(model)
  if (external !== undefined) return { qnetParameters: parameterCount(external), vectorWidth }
  return (await models.list(deadline)).find(({ digest }) => digest === model.digest)
}
