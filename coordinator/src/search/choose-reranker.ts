import { type Deadline, HypershardError } from '@hypershard/common'
import type { CrossEncoder } from '@hypershard/proto/encoder'
import type { ModelRegistry } from '../catalog/model-registry.ts'
import type { SearchInput } from './search-input.ts'
import type { Reranker } from './stages/rerank.ts'

/**
 * The cross-encoder that a search names.
 * @throws HypershardError `model_not_found`, naming those there are; `invalid_request` for a model of the other kind
 */
export async function chooseReranker(
  { rerank }: Pick<SearchInput, 'rerank'>,
  models: Pick<ModelRegistry, 'list' | 'crossEncoders'>,
  deadline: Deadline,
): Promise<Reranker | undefined> {
  if (rerank === undefined) return undefined
  const isNamed = ({ name, digest }: { name: string; digest: string }) =>
    name === rerank.model || digest === rerank.model
  const find = (): CrossEncoder | undefined => models.crossEncoders().find(isNamed)
  const known = find()
  // Services tell of all their models together.
  const others = known === undefined ? await models.list(deadline) : []
  const model = known ?? find()
  if (model !== undefined) return { model, candidates: rerank.candidates, timeoutMs: rerank.timeout_ms }
  const names = models.crossEncoders().map(({ name }) => name)
  const there = `the encoder service has ${names.join(', ') || 'no cross-encoders'}`
  const details = { model: rerank.model, models: names }
  if (others.some(isNamed)) {
    const message = `rerank.model: \`${rerank.model}\` is no cross-encoder, it makes vectors; ${there}`
    throw new HypershardError('invalid_request', message, { details })
  }
  const message = `rerank.model \`${rerank.model}\`: ${there}; choose one of them, or start the cluster with the model's directory (\`--models\`)`
  throw new HypershardError('model_not_found', message, { details })
}
