import { type GraphProto, ModelProto, type TensorProto } from '@hypershard/proto/onnx'

/** What may stand between a stored weight and the product that it is used in. */
const unpacking: ReadonlySet<string> = new Set(['DequantizeLinear', 'Cast', 'Transpose', 'Identity', 'Reshape'])

const products: ReadonlySet<string> = new Set(['MatMul', 'Gemm'])

/**
 * The constant weights of all products of a graph: about half of the floating-point operations that a token costs.
 * Embeddings, which are looked up, do not count. 0 of a graph that is no ONNX or has no such product.
 */
export function countTokenParameters(model: Uint8Array): number {
  const { graph } = ModelProto.decode(model)
  if (graph === undefined) return 0
  const constants = new Map(graph.initializer.map(tensor => [tensor.name, tensor]))
  const sources = sourcesOf(graph)
  return graph.node
    .filter(({ opType }) => products.has(opType))
    .reduce((sum, { input }) => sum + sizeOf(constants.get(sources(input[1] ?? ''))), 0)
}

/** The name at the beginning of what unpacks a value. */
function sourcesOf(graph: GraphProto): (name: string) => string {
  const before = new Map<string, string>()
  for (const { opType, input, output } of graph.node) {
    if (unpacking.has(opType) && input[0] !== undefined && output[0] !== undefined) before.set(output[0], input[0])
  }
  return name => {
    let source = name
    // Each step is one node back, and a graph has no cycles.
    for (let steps = 0; steps <= before.size; steps++) source = before.get(source) ?? source
    return source
  }
}

function sizeOf(tensor: TensorProto | undefined): number {
  return tensor === undefined ? 0 : tensor.dims.reduce((product, size) => product * Number(size), 1)
}
