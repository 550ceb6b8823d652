import assert from 'node:assert/strict'
import { appendFile, mkdtemp, readFile, rm, truncate, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type TinyModel, tinyArchitecture, writeTinyModel } from '@hypershard/harness/qnets'
import { loadModelDirectory, loadModelHead } from './load-model-directory.ts'

// biome-ignore lint/suspicious/noExplicitAny: the cases break the file in ways its type rules out
type AnyJson = any

describe('a model directory', () => {
  let parent: string
  let model: TinyModel

  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'hypershard-model-'))
    model = await writeTinyModel(parent, { qnet: tinyArchitecture })
  })
  afterEach(() => rm(parent, { recursive: true }))

  it('is read with its digest, its settings and its verified files', async () => {
    const directory = await loadModelDirectory(model.path)
    assert.equal(directory.digest, model.digest)
    assert.deepEqual(directory.settings, model.settings)
    assert.deepEqual([...directory.files.keys()], ['encoder.onnx', 'tokenizer.json', 'hyper-head.safetensors'])
    const modelJson = await readFile(join(model.path, 'model.json'))
    const listed = Object.values(model.settings.files).reduce((sum, file) => sum + file.bytes, 0)
    assert.equal(directory.bytes, listed + modelJson.byteLength)
  })

  it('may say what is put before queries and before documents', async () => {
    const prefixes = { queryPrefix: 'query: ', documentPrefix: 'passage:\n' }
    const { path, settings } = await writeTinyModel(parent, { name: 'prefixed', ...prefixes })
    const read = (await loadModelDirectory(path)).settings
    assert.deepEqual(read, settings)
    assert.deepEqual([read.tokenizer.queryPrefix, read.tokenizer.documentPrefix], ['query: ', 'passage:\n'])
  })

  it('gives what makes its q-nets without encoder and tokenizer, which need not be there', async () => {
    for (const name of ['encoder.onnx', 'tokenizer.json']) await unlink(join(model.path, name))
    const head = await loadModelHead(model.path)
    assert.deepEqual([head.digest, head.settings], [model.digest, model.settings])
    const name = 'hyper-head.safetensors'
    assert.deepEqual([...head.files], [[name, await readFile(join(model.path, name))]])
  })

  it('gives no hyper-head that was altered, wherever it is read from', async () => {
    const read = async (name: string) => {
      const content = await readFile(join(model.path, name))
      return name === 'model.json' ? content : content.fill(1, content.byteLength - 1)
    }
    const altered = { code: 'invalid_model', message: /model there: hyper-head\.safetensors was altered/ }
    await assert.rejects(loadModelHead('there', read), altered)
  })

  it('tells its languages without being another model for it', async () => {
    assert.deepEqual((await loadModelDirectory(model.path)).languages, [])
    await writeFile(join(model.path, 'about.json'), '{ "languages": ["en"] }')
    const { languages, digest } = await loadModelDirectory(model.path)
    assert.deepEqual([languages, digest], [['en'], model.digest])
  })

  it('is the same model with an interpreter, whose files are verified', async () => {
    assert.equal((await loadModelDirectory(model.path)).interpreter, undefined)
    const able = await writeTinyModel(parent, { name: 'able', qnet: tinyArchitecture, interprets: true })
    const plain = await writeTinyModel(join(parent, 'able'), { name: 'able', qnet: tinyArchitecture })
    const { digest, interpreter, bytes } = await loadModelDirectory(able.path)
    assert.equal(digest, plain.digest)
    assert.equal(bytes, (await loadModelDirectory(plain.path)).bytes)
    assert.deepEqual(Buffer.from(interpreter!.graph), await readFile(join(able.path, 'interpreter.onnx')))
    assert.equal(interpreter!.settings.threshold, 0.9)
  })

  for (const { title, harm, says } of [
    { title: 'no JSON', harm: () => '{', says: /interpreter\.json is not JSON/ },
    { title: 'a member that is not known', harm: (json: AnyJson) => ({ ...json, a: 1 }), says: /"a"/ },
    { title: 'a threshold of 0', harm: (json: AnyJson) => ({ ...json, threshold: 0 }), says: /threshold/ },
    {
      title: 'another encoder',
      harm: (json: AnyJson) => ({ ...json, encoder: '0'.repeat(64) }),
      says: /interpreter\.json is of another encoder than encoder\.onnx; train one for this model, or remove the file/,
    },
    {
      title: 'another length of its graph',
      harm: (json: AnyJson) => ({ ...json, file: { ...json.file, bytes: 5 } }),
      says: /interpreter\.onnx has \d+ bytes where interpreter\.json says 5/,
    },
    {
      title: 'another digest of its graph',
      harm: (json: AnyJson) => ({ ...json, file: { ...json.file, sha256: '0'.repeat(64) } }),
      says: /interpreter\.onnx was altered: its SHA-256 is not the one in interpreter\.json/,
    },
    {
      title: 'a graph that is not there',
      harm: (json: AnyJson) => ({ ...json, file: { ...json.file, name: 'gone.onnx' } }),
      says: /gone\.onnx is missing/,
    },
  ]) {
    it(`is refused with an interpreter.json that says ${title}`, async () => {
      const { path } = await writeTinyModel(parent, { name: 'able', interprets: true })
      const harmed = harm(JSON.parse(await readFile(join(path, 'interpreter.json'), 'utf8')))
      await writeFile(join(path, 'interpreter.json'), typeof harmed === 'string' ? harmed : JSON.stringify(harmed))
      await assert.rejects(loadModelDirectory(path), { code: 'invalid_model', message: says })
    })
  }

  it('is the same model with a byte order mark before its descriptions', async () => {
    const mark = '\uFEFF'
    const modelJson = await readFile(join(model.path, 'model.json'), 'utf8')
    await writeFile(join(model.path, 'model.json'), mark + modelJson)
    await writeFile(join(model.path, 'about.json'), `${mark}{ "languages": ["en"] }`)
    const { languages, digest, settings } = await loadModelDirectory(model.path)
    assert.deepEqual([languages, digest, settings], [['en'], model.digest, model.settings])
  })

  for (const content of ['{', '{}', '{ "languages": ["English!"] }', '{ "languages": [], "more": 1 }']) {
    it(`is refused with an about.json that is \`${content}\``, async () => {
      await writeFile(join(model.path, 'about.json'), content)
      await assert.rejects(loadModelDirectory(model.path), { code: 'invalid_model', message: /about\.json/ })
    })
  }

  for (const name of ['hypershard-mini', 'minilm-dense', 'bge-small-dense']) {
    it(`of the shipped ${name} tells that it reads English`, async () => {
      const path = fileURLToPath(new URL(`../../../models/${name}`, import.meta.url))
      assert.deepEqual((await loadModelDirectory(path)).languages, ['en'])
    })
  }

  const brokenFiles: { title: string; harm: (path: string) => Promise<unknown>; problem: RegExp }[] = [
    {
      title: 'without model.json',
      harm: path => unlink(join(path, 'model.json')),
      problem: /model\.json is missing; copy the whole model directory again/,
    },
    {
      title: 'without a listed file',
      harm: path => unlink(join(path, 'tokenizer.json')),
      problem: /tokenizer\.json is missing; copy/,
    },
    {
      title: 'with a short file',
      harm: path => truncate(join(path, 'encoder.onnx'), 100),
      problem: /encoder\.onnx has 100 bytes where model\.json says \d+; copy/,
    },
    {
      title: 'with a longer file',
      harm: path => appendFile(join(path, 'encoder.onnx'), 'x'),
      problem: /encoder\.onnx has \d+ bytes where/,
    },
    {
      title: 'with one flipped bit',
      harm: async path => {
        const file = join(path, 'hyper-head.safetensors')
        const content = await readFile(file)
        content[content.length - 1]! ^= 1
        await writeFile(file, content)
      },
      problem: /hyper-head\.safetensors was altered/,
    },
    {
      title: 'whose model.json is not JSON',
      harm: path => writeFile(join(path, 'model.json'), '{"format":'),
      problem: /model\.json is not JSON/,
    },
  ]
  for (const { title, harm, problem } of brokenFiles) {
    it(`${title} is refused`, async () => {
      await harm(model.path)
      await assert.rejects(loadModelDirectory(model.path), { code: 'invalid_model', message: problem })
    })
  }

  const brokenSettings: { title: string; harm: (settings: AnyJson) => void; problem: RegExp }[] = [
    { title: 'another format', harm: json => (json.format = 'hypershard.model/2'), problem: /format/ },
    { title: 'an unknown member', harm: json => (json.tokeniser = {}), problem: /tokeniser/ },
    { title: 'a missing member', harm: json => delete json.documentHead, problem: /documentHead/ },
    {
      title: 'a file outside the directory',
      harm: json => (json.tokenizer.file = '../tokenizer.json'),
      problem: /tokenizer\.file: must be a plain file name/,
    },
    {
      title: 'a file that is not listed',
      harm: json => (json.encoder.query = 'other.onnx'),
      problem: /files: does not list other\.onnx/,
    },
    {
      title: 'a listed file that nothing uses',
      harm: json => (json.files['extra.bin'] = json.files['encoder.onnx']),
      problem: /extra\.bin: is listed but nothing uses it/,
    },
    {
      title: 'a q-net for vectors of another width',
      harm: json => (json.encoder.hiddenWidth = 32),
      problem: /starts at 16, but document vectors have the encoder's hiddenWidth 32/,
    },
    {
      title: 'a pooled head for a q-net with layers',
      harm: json => {
        json.hyperHead = { kind: 'pooled', pooling: 'mean', normalize: true }
        delete json.files['hyper-head.safetensors']
      },
      problem: /a pooled head makes only the last matrix/,
    },
    {
      title: 'a q-net that does not end in one score',
      harm: json => (json.qnet.vectorDimensions = [16, 2]),
      problem: /must be 1, the score/,
    },
    {
      title: 'an empty prefix',
      harm: json => (json.tokenizer.queryPrefix = ''),
      problem: /tokenizer\.queryPrefix: must be a text with white space at its end/,
    },
    {
      title: 'a prefix that would join the first word',
      harm: json => (json.tokenizer.documentPrefix = 'passage:'),
      problem: /tokenizer\.documentPrefix: must be a text with white space at its end/,
    },
    {
      title: 'a prefix as long as a document',
      harm: json => (json.tokenizer.queryPrefix = 'a '.repeat(501)),
      problem: /tokenizer\.queryPrefix/,
    },
    {
      title: 'no room for a token',
      harm: json => (json.tokenizer.maxQueryTokens = 2),
      problem: /tokenizer\.maxQueryTokens/,
    },
  ]
  for (const { title, harm, problem } of brokenSettings) {
    it(`that says ${title} is refused`, async () => {
      const settings = structuredClone(model.settings)
      harm(settings)
      await writeFile(join(model.path, 'model.json'), JSON.stringify(settings))
      await assert.rejects(loadModelDirectory(model.path), { code: 'invalid_model', message: problem })
    })
  }
})
