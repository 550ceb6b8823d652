import type { EncoderDescription, IndexDescription, ModelReference } from '@hypershard/contract'
import { advice, type Check, type Finding, ok, problem, unchecked } from '../check.ts'
import { type ClusterFacts, firstCluster } from './gather-cluster.ts'

/** Every index's model is on an encoder service, and on more than one where there are several. */
export const modelsServed: Check<ClusterFacts> = {
  name: 'models',
  look: facts => {
    const cluster = firstCluster(facts)
    if (cluster === undefined) return []
    if (cluster.indexes_without_model === null) {
      return [unchecked('no encoder service answers', 'start one; which models it has is seen then')]
    }
    const missing = cluster.indexes_without_model.map(({ message }) =>
      problem(message, 'give an encoder service that model (HYPERSHARD_MODELS), or reindex to one that is there'),
    )
    const once = scarce(facts.indexes ?? [], cluster.encoders)
    const found = [...missing, ...once]
    return found.length > 0 ? found : [ok('the encoder services have the models of all indexes')]
  },
}

function scarce(indexes: readonly IndexDescription[], encoders: readonly EncoderDescription[]): Finding[] {
  if (encoders.length < 2) return []
  const used = new Map<string, ModelReference>(indexes.map(({ model }) => [model.digest, model]))
  return [...used.values()].flatMap(({ name, digest }) => {
    const with_ = encoders.filter(({ models }) => models?.some(model => model.digest === digest))
    if (with_.length !== 1) return []
    const says = `of ${encoders.length} encoder services only ${with_[0]!.address} has model ${name}: without it its indexes cannot be searched`
    return [advice(says, 'name the model in HYPERSHARD_MODELS of another one too')]
  })
}
