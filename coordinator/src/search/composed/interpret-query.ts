import { HypershardError, type RequestContext } from '@hypershard/common'
import { type GenerationOfModel, modelNotServed } from '@hypershard/storage'
import type { ModelRegistry } from '../../catalog/model-registry.ts'
import { externalScorerOf } from '../../vectors/external-model-of.ts'
import type { QueryEncoder } from '../query-encoder.ts'
import type { QueryForms } from '../query-forms.ts'
import type { SearchInput } from '../search-input.ts'
import { readExpression } from './read-expression.ts'

/** What was made of a text. */
export interface TextInterpretation {
  /** The texts of its pieces, of which the best counts; none where it is searched as it is. */
  readonly any: readonly string[]
}

export interface InterpretedSearch {
  /** The search of the expression, or of the text as it is. */
  readonly input: SearchInput
  /** Of a search that asks for it. */
  readonly interpretation: TextInterpretation | undefined
}

export interface InterpretingParts {
  readonly models: Pick<ModelRegistry, 'list'>
  readonly queryEncoder: Pick<QueryEncoder, 'interpret'>
  readonly queryForms: Pick<QueryForms, 'choose'>
}

/**
 * Reads a text as the needs that it joins, where the model is sure of that; else it is searched as it is.
 * @throws HypershardError `invalid_request` of a model that interprets nothing, `model_not_served`, and what encoding throws
 */
export async function interpretQuery(
  { interpret = false, ...input }: SearchInput,
  generation: GenerationOfModel,
  context: RequestContext,
  { models, queryEncoder, queryForms }: InterpretingParts,
): Promise<InterpretedSearch> {
  // A text that no model reads is refused where it would be encoded.
  if (!interpret || externalScorerOf(generation.model) !== undefined) return { input, interpretation: undefined }
  const modelDigest = await requireInterpreter(generation, models, context)
  const text = { modelDigest, text: input.query, form: queryForms.choose(modelDigest) }
  const { pieces, confidence } = await context.step('interpret', inner => queryEncoder.interpret(text, inner))
  if (context.trace.recording) {
    context.trace.set({ 'hypershard.pieces': pieces.length, 'hypershard.confidence': confidence })
  }
  const interpretation = { any: pieces }
  if (pieces.length === 0) return { input, interpretation }
  const { composed } = readExpression(interpretation)
  return { input: { ...input, query: '', composed }, interpretation }
}

async function requireInterpreter(
  generation: GenerationOfModel,
  models: InterpretingParts['models'],
  { deadline }: RequestContext,
): Promise<string> {
  const known = await models.list(deadline)
  const model = known.find(({ digest }) => digest === generation.model.digest)
  if (model === undefined) throw modelNotServed(generation, known)
  if (model.interprets) return model.digest
  const message = `interpret: model \`${model.name}\` has no interpreter; leave it out, or send an expression as \`query\``
  throw new HypershardError('invalid_request', message, { details: { model: model.name } })
}
