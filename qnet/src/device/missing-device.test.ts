import assert from 'node:assert/strict'
import { type CudaFiles, missingDevice, missingHalf } from './missing-device.ts'

const setting = 'HYPERSHARD_SHARD_DEVICE'
const cuda = { provider: { name: 'cuda', number: 1 }, setting } as const
const webgpu = { provider: { name: 'webgpu', number: 0 }, setting } as const

function said(files: Partial<CudaFiles>, error = new Error('CUDA failure 100\nin a file')): string {
  const found = { paths: ['shared.so', 'cuda.so'], exists: () => true, load: () => undefined, ...files }
  const { code, message } = missingDevice(cuda, error, found)
  assert.equal(code, 'invalid_config')
  assert.match(
    message,
    /^HYPERSHARD_SHARD_DEVICE cuda:1 does not work here: .*; or set HYPERSHARD_SHARD_DEVICE to cpu$/,
  )
  return message
}

/** As glibc's loader says it. */
function without(library: string): Partial<CudaFiles> {
  return {
    load: path => {
      if (path === 'cuda.so') throw new Error(`${library}: cannot open shared object file: No such file or directory`)
      throw new Error('Module did not self-register')
    },
  }
}

describe('a device that is missing', () => {
  it('is told with what to do about it', () => {
    assert.match(said({ exists: path => path !== 'cuda.so' }), /run `npm run setup:cuda`/)
    assert.match(said(without('libcuda.so.1')), /the NVIDIA driver is missing \(libcuda\.so\.1\)/)
    assert.match(said(without('libcublasLt.so.13')), /libcublasLt\.so\.13 of CUDA 13 is missing/)
    assert.match(said({}), /here: CUDA failure 100;/)
  })

  it('is a Vulkan driver for webgpu, where onnxruntime finds no adapter', () => {
    const message = (error: string) => missingDevice(webgpu, new Error(error)).message
    assert.match(message('at a.cc:1\nFailed to get a WebGPU adapter'), /there is no Vulkan device; install its driver/)
    assert.match(message('no room'), /here: no room;/)
  })

  it('is f16 on a device that has none, where that is asked for', () => {
    const { code, message } = missingHalf(webgpu, new Error('requires f16\nmore'))
    assert.equal(code, 'invalid_config')
    assert.match(message, /_DEVICE_PRECISION f16 does not work on webgpu: requires f16; set it to auto or f32$/)
  })
})
