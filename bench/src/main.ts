/** `npm run bench -- <name> [options]`: measures, prints a table, and with `--json` one JSON document instead. */
import { readFile } from 'node:fs/promises'
import { cpus, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import { consoleBenchOptions, runConsoleBench } from './console/console-bench.ts'
import { elasticBenchOptions, runElasticBench } from './elastic/elastic-bench.ts'
import { renderElastic } from './elastic/render-elastic.ts'
import { encodeBenchOptions, runEncodeBench } from './encode/encode-bench.ts'
import { encodersBenchOptions, runEncodersBench } from './encode/encoders-bench.ts'
import { runServingBench, servingBenchOptions } from './encode/serving-bench.ts'
import { fanOutScaleBenchOptions, runFanOutScaleBench } from './fan-out/fan-out-scale-bench.ts'
import { gpuBenchOptions, runGpuBench } from './gpu/gpu-bench.ts'
import { ingestBenchOptions, runIngestBench } from './ingest/ingest-bench.ts'
import { runClusterSizesBench } from './load/cluster-sizes/cluster-sizes-bench.ts'
import { renderClusterSizes } from './load/cluster-sizes/render-cluster-sizes.ts'
import { loadBenchOptions, runLoadBench } from './load/load-bench.ts'
import { renderLoad } from './load/render-load.ts'
import { ownVectorsBenchOptions, runOwnVectorsBench } from './own-vectors/own-vectors-bench.ts'
import { peersBenchOptions, runPeersBench } from './peers/peers-bench.ts'
import { placementBenchOptions, runPlacementBench } from './placement/placement-bench.ts'
import { qualityBenchOptions, runQualityBench } from './quality/quality-bench.ts'
import { rankingBenchOptions, runRankingBench } from './ranking/ranking-bench.ts'
import { reindexBenchOptions, runReindexBench } from './reindex/reindex-bench.ts'
import { renderTable } from './render-table.ts'
import { runScaleBench, scaleBenchOptions } from './scale/scale-bench.ts'
import { runScoreBench, scoreBenchOptions } from './score/score-bench.ts'
import { runSearchBench, searchBenchOptions } from './search/search-bench.ts'
import { runVectorsBench, vectorsBenchOptions } from './vectors/vectors-bench.ts'
import { runWireBench, wireBenchOptions } from './wire/wire-bench.ts'

/** A benchmark: its options, and its rows of named figures. */
interface Bench {
  readonly summary: string
  readonly options: NonNullable<Parameters<typeof parseArgs>[0]>['options']
  readonly run: (
    options: Readonly<Record<string, unknown>>,
  ) => Promise<readonly Readonly<Record<string, unknown>>[] | Report>
}

/** Rows, and what else stands beside them in the JSON. */
interface Report {
  readonly rows: readonly object[]
  /** What is printed in place of a table of the rows. */
  readonly text: string
}

const benches: Readonly<Record<string, Bench>> = {
  load: {
    summary:
      'whole requests to a cluster over HTTP, beside the encoder alone, a bare route and Chroma, or over several numbers of servers; --data FOLDER --only PARTS --cluster 1,2,4 --quick',
    options: loadBenchOptions,
    run: async options => {
      if (options.cluster !== undefined) {
        const report = await runClusterSizesBench(options)
        return { ...report, text: renderClusterSizes(report) }
      }
      const report = await runLoadBench(options)
      return { ...report, text: renderLoad(report) }
    },
  },
  elastic: {
    summary:
      'a cluster under a steady load while servers restart, come, go, are slow, and Redis is away; --scenarios NAMES --quick',
    options: elasticBenchOptions,
    run: async options => {
      const report = await runElasticBench(options)
      return { ...report, text: renderElastic(report) }
    },
  },
  score: {
    summary: "exact scoring beside the machine's matrix-product limit, and beside PyTorch with --python PATH",
    options: scoreBenchOptions,
    run: runScoreBench,
  },
  gpu: {
    summary:
      'ranking on a device, exactly and by a vector, beside its own matrix-product limit and one core; --device cuda:0|webgpu --precision f16 --documents N --shapes 768:6',
    options: gpuBenchOptions,
    run: runGpuBench,
  },
  vectors: {
    summary:
      'makes what search, scale and peers read: vectors and queries of a collection; --data, --out FOLDER --split NAME --documents N',
    options: vectorsBenchOptions,
    run: runVectorsBench,
  },
  search: {
    summary:
      'recall against time of the search plans; --vectors, --queries, --corpus FILE --documents N,N --shards N,N --greedy --filters --plot PATH',
    options: searchBenchOptions,
    run: runSearchBench,
  },
  scale: {
    summary:
      "search plans over generated vectors, with q-nets of the paper's size; --vectors, --queries FILE --documents N,N --width N --depth N",
    options: scaleBenchOptions,
    run: runScaleBench,
  },
  peers: {
    summary:
      'our plans beside the published code, faiss and usearch; --vectors, --queries FILE --python PYTHON --documents N --greedy',
    options: peersBenchOptions,
    run: runPeersBench,
  },
  placement: {
    summary:
      'how long placing all shards takes, and what a server that joins moves; --servers N,N --shards N --replicas N',
    options: placementBenchOptions,
    run: runPlacementBench,
  },
  wire: {
    summary: 'what a shard server is sent of a query in each form, and what that costs; --model DIR',
    options: wireBenchOptions,
    run: runWireBench,
  },
  encode: {
    summary: 'query to q-net and documents to vectors, beside onnxruntime alone; of --models DIR,DIR',
    options: encodeBenchOptions,
    run: runEncodeBench,
  },
  encoders: {
    summary:
      'indexing and queries of a cluster with one and with two encoder services of one thread each; --encoders N,N --threads N --documents N',
    options: encodersBenchOptions,
    run: runEncodersBench,
  },
  serving: {
    summary:
      'an encoder service asked over gRPC: queries, documents, both at once, many clients; of --models DIR,DIR --data FOLDER --service MAIN',
    options: servingBenchOptions,
    run: runServingBench,
  },
  quality: {
    summary: 'nDCG@10 through a cluster, of --data FOLDER (BEIR layout); beside numpy with --python PATH',
    options: qualityBenchOptions,
    run: runQualityBench,
  },
  ingest: {
    summary: 'one long NDJSON stream: how fast it is durable, and the memory of each process; --bytes N',
    options: ingestBenchOptions,
    run: runIngestBench,
  },
  'own-vectors': {
    summary:
      "vectors of one's own through the command line into a cluster: how soon searches find them, what each process takes, and the recall of graphs; --rows N --width N --shards N --queries N",
    options: ownVectorsBenchOptions,
    run: runOwnVectorsBench,
  },
  reindex: {
    summary: 'indexing and reindexing beside the encoder alone, with searches going on; --corpus FILE --documents N',
    options: reindexBenchOptions,
    run: runReindexBench,
  },
  'fan-out-scale': {
    summary:
      "a coordinator's processor time a query, and a change of servers, with many shards; --servers N,N --shards N --replicas N",
    options: fanOutScaleBenchOptions,
    run: runFanOutScaleBench,
  },
  console: {
    summary: 'how soon pages of the console can be used, and how they scroll, in a browser; --chromium PATH --rounds N',
    options: consoleBenchOptions,
    run: runConsoleBench,
  },
  ranking: {
    summary:
      'nDCG@10, MRR@10 and Recall@100 of TREC runs, with p-values; --runs, --data, --rankers, --in-domain, --out-of-domain',
    options: rankingBenchOptions,
    run: runRankingBench,
  },
}

const [name, ...rest] = process.argv.slice(2)
const bench = name === undefined ? undefined : benches[name]
if (bench === undefined) {
  const names = Object.entries(benches).map(([known, { summary }]) => `  ${known.padEnd(10)} ${summary}`)
  console.error(`usage: npm run bench -- <name> [--json]\n\n${names.join('\n')}`)
  process.exit(2)
}
// Benchmarks load onnxruntime themselves, which tells its maker how it is used unless told not to.
process.env.ORT_DISABLE_TELEMETRY ??= '1'
const { values } = parseArgs({ args: rest, options: { ...bench.options, json: { type: 'boolean', default: false } } })
const measured = await bench.run(values)
const { text, ...report } = 'rows' in measured ? measured : { rows: measured, text: renderTable(measured) }
const machine = {
  cpu: cpus()[0]?.model ?? 'unknown',
  vectorInstructions: await vectorInstructions(),
  cores: cpus().length,
  memoryBytes: totalmem(),
  node: process.version,
  platform: `${process.platform}-${process.arch}`,
}
if (values.json === true) console.log(JSON.stringify({ bench: name, machine, ...report }, null, 2))
else {
  const { cpu, cores, vectorInstructions, node } = machine
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`
  console.log(`${[cpu, ...vectorInstructions].join(' ')}, ${cores} cores, ${memory}, node ${node}\n`)
  console.log(text)
}

/** The processor's vector instructions, which the speed of scoring depends on; none where Linux does not tell. */
async function vectorInstructions(): Promise<string[]> {
  const flags = await readFile('/proc/cpuinfo', 'utf8').then(
    text => new Set(/^flags\s*:(.*)$/m.exec(text)?.[1]?.split(' ')),
    () => new Set(),
  )
  return ['avx2', 'avx512f', 'avx512_vnni', 'avx_vnni', 'avx512_bf16', 'amx_int8'].filter(flag => flags.has(flag))
}
