/**
 * The forward graph for a device that has memory of its own: the documents are part of the graph and stay there, a query's
 * weights go in, and the best rows come out. onnxruntime's Node binding cannot bind outputs to a device's memory, so that
 * everything between the weights and the best rows is one graph.
 */
import { type QNetArchitecture, vectorWidth } from '../architecture.ts'
import { GraphBuilder } from '../onnx/graph-builder.ts'
import { addCoreLayers, addScoreColumn, floatProduct } from './core-layers.ts'

/** What rows that may not be hits are ranked as: below every score that `largestValue` lets through. */
export const leftOutScore = -3e38

/**
 * Inputs: the weights as those of `compileForward` in fp32; `allowed` bool [rows]; `ceiling` f32 []: rows that score more are
 * left out as well; `count` int64 [1], at most rows. Outputs: `best_scores` f32 [count], descending, and `best_rows` int64
 * [count]. A row that is left out has `leftOutScore`.
 * @param documents f32 document vectors, row-major [rows, width]: they become a constant of the graph
 */
export function compileRanking(architecture: QNetArchitecture, documents: Float32Array): Uint8Array {
  const graph = new GraphBuilder('qnet-ranking')
  const width = vectorWidth(architecture)
  const rows = documents.length / width
  const vectors = graph.constant('documents', documents, [rows, width])
  const { hidden } = addCoreLayers(graph, architecture, vectors, floatProduct)
  const column = addScoreColumn(graph, architecture, hidden)
  const scores = graph.node('Reshape', [column, graph.constant('flat', BigInt64Array.of(-1n), [1])], 'row_scores')
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
