import { expectFormat } from '@hypershard/common'
import { coreLayers, layerShapes, type QNetArchitecture, type QNetWeights, readSafetensors } from '@hypershard/qnet'

/**
 * A q-net as a safetensors file: `matrices.0` [in, out] and `biases.0` [out] of the first core layer, and so on; the last
 * matrix, [in, 1], has no bias.
 * @throws FormatError for a tensor that is missing, of another shape, or none of the q-net's; HypershardError
 *   `invalid_request` for values that are not finite
 */
export function qnetOfSafetensors(architecture: QNetArchitecture, bytes: Uint8Array): QNetWeights {
  const tensors = readSafetensors(bytes)
  const take = (name: string, shape: readonly number[]) => {
    const tensor = tensors.get(name)
    expectFormat(tensor !== undefined, `the tensor ${name} is missing`)
    const found = tensor!.shape.join(', ')
    expectFormat(found === shape.join(', '), `its tensor ${name} has shape [${found}], not [${shape.join(', ')}]`)
    return tensor!.data
  }
  const matrices = layerShapes(architecture).map((layer, at) => take(`matrices.${at}`, [layer.in, layer.out]))
  const biases = coreLayers(architecture).map(({ out }, at) => take(`biases.${at}`, [out]))
  const extra = [...tensors.keys()].find(name => !/^(?:matrices|biases)\.\d+$/.test(name))
  expectFormat(extra === undefined && tensors.size === matrices.length + biases.length, `it has more tensors: ${extra}`)
  return { matrices, biases }
}
