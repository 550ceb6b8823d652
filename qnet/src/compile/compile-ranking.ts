/**
 * The forward graph for a device that has memory of its own: the documents are part of the graph and stay there, a query's
 * weights go in, and the best rows come out. onnxruntime's Node binding cannot bind outputs to a device's memory, so that
 * everything between the weights and the best rows is one graph.
 */
import { type QNetArchitecture, vectorWidth } from '../architecture.ts'
import { elementTypes, GraphBuilder } from '../onnx/graph-builder.ts'
import { addCoreLayers, addScoreColumn, floatProduct, type Product } from './core-layers.ts'

/**
 * What documents lie on a device in, and its products of core layers are computed in. In f16 a document takes half of the
 * memory, and devices have units for such products; all between them is f32, as are the scores.
 */
export type DevicePrecision = 'f32' | 'f16'

/** What rows that may not be hits are ranked as: below every score that `largestValue` lets through. */
export const leftOutScore = -3e38

/**
 * Two ways to rank in one graph, as the documents of two would lie on the device twice: by the q-net, or by a plain vector, an
 * inner product a document. Inputs: `by_vector` bool []; the weights as those of `compileForward` in fp32, and `vector` f32
 * [width, 1], of which a run reads one and is fed anything of the same rank for the other; `allowed` bool [rows]; `ceiling` f32
 * []: rows that score more are left out as well; `count` int64 [1], at most rows. Outputs: `best_scores` f32 [count],
 * descending, and `best_rows` int64 [count]. A row that is left out has `leftOutScore`.
 * @param documents f32 document vectors, row-major [rows, width]: they become a constant of the graph. In f16 what becomes of
 *   constants must not be computed beforehand, or they would be there twice: see `createDeviceSession`
 */
export function compileRanking(
  architecture: QNetArchitecture,
  documents: Float32Array,
  precision: DevicePrecision = 'f32',
): Uint8Array {
  const graph = new GraphBuilder('qnet-ranking')
  const width = vectorWidth(architecture)
  const rows = documents.length / width
  const held = precision === 'f32' ? documents : new Float16Array(documents)
  const constant = graph.constant('documents', held, [rows, width])
  graph.constant('flat', BigInt64Array.of(-1n), [1])
  const attributes = {
    then_branch: { graph: productsWithVector(graph.branch('by-vector'), constant, precision) },
    else_branch: { graph: scoresOfQNet(graph.branch('by-qnet'), architecture, constant, precision) },
  }
  const scores = graph.node('If', [graph.input('by_vector', 'bool', [])], 'row_scores', { attributes })
  const allowed = graph.input('allowed', 'bool', [rows])
  const ceiling = graph.input('ceiling', 'float32', [])
  const count = graph.input('count', 'int64', [1])
  const lowest = graph.constant('left_out', Float32Array.of(leftOutScore), [])
  const below = graph.node('Where', [graph.node('LessOrEqual', [scores, ceiling], 'is_below'), scores, lowest], 'below')
  const ranked = graph.node('Where', [allowed, below, lowest], 'ranked')
  graph.node('TopK', [ranked, count], 'best_scores', { more: ['best_rows'] })
  graph.output('best_scores', 'float32', ['count'])
  graph.output('best_rows', 'int64', ['count'])
  return graph.build()
}

function scoresOfQNet(
  branch: GraphBuilder,
  architecture: QNetArchitecture,
  documents: string,
  precision: DevicePrecision,
): GraphBuilder {
  const { hidden } =
    precision === 'f32'
      ? addCoreLayers(branch, architecture, documents, floatProduct)
      : addHalfLayers(branch, architecture, documents)
  branch.node('Reshape', [addScoreColumn(branch, architecture, hidden), 'flat'], 'qnet_scores')
  branch.output('qnet_scores', 'float32', ['rows'])
  return branch
}

function productsWithVector(branch: GraphBuilder, documents: string, precision: DevicePrecision): GraphBuilder {
  const vector = branch.input('vector', 'float32', ['width', 1])
  const factor = precision === 'f32' ? vector : cast(branch, vector, 'float16', 'vector_f16')
  const product = branch.node('MatMul', [documents, factor], 'vector_product')
  const column = precision === 'f32' ? product : cast(branch, product, 'float32', 'vector_product_f32')
  branch.node('Reshape', [column, 'flat'], 'vector_scores')
  branch.output('vector_scores', 'float32', ['rows'])
  return branch
}

function cast(graph: GraphBuilder, value: string, type: 'float16' | 'float32', output: string): string {
  return graph.node('Cast', [value], output, { attributes: { to: elementTypes[type] } })
}

/** @param halves the documents in f16, which the first product reads as they are */
function addHalfLayers(graph: GraphBuilder, architecture: QNetArchitecture, halves: string) {
  const documents = cast(graph, halves, 'float32', 'documents_f32')
  const product: Product = (_, input, index, shape) => {
    const matrix = graph.input(`matrix_${index}`, 'float32', [shape.in, shape.out])
    const bias = graph.input(`bias_${index}`, 'float32', [shape.out])
    const factors = [
      input === documents ? halves : cast(graph, input, 'float16', `input_f16_${index}`),
      cast(graph, matrix, 'float16', `matrix_f16_${index}`),
      cast(graph, bias, 'float16', `bias_f16_${index}`),
    ]
    return cast(graph, graph.node('Gemm', factors, `linear_f16_${index}`), 'float32', `linear_${index}`)
  }
  return addCoreLayers(graph, architecture, documents, product)
}
