import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { artefact } from '../machine/cache.ts'
import { daemon, startDaemon, stopDaemon } from '../machine/daemon.ts'
import { MissingComponent } from '../machine/missing.ts'
import { run, which } from '../machine/shell.ts'
import { canConnect, waitUntil } from '../machine/wait.ts'
import { brokerProperties, kafkaClusterId, log4jProperties } from './settings.ts'

/** The release of broker and tools. */
export const kafkaVersion = '4.3.1'

/** Flags of all our JVMs: quick to start, small, one core. */
export const javaFlags: readonly string[] = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC']

/** The class path of the broker (`kafka_2.13`) or of the command line tools (`kafka-tools`). */
export async function kafkaClassPath(module: 'kafka_2.13' | 'kafka-tools'): Promise<string> {
  if (!(await which('mvn'))) throw new MissingComponent('Maven', 'install it (Debian: maven); it fetches Kafka from Maven Central.')
  const pom = pomOf(module)
  const directory = await artefact({
    name: module,
    version: kafkaVersion,
    recipe: [pom],
    title: `${module === 'kafka-tools' ? "Kafka's tools" : 'Kafka'} ${kafkaVersion} from Maven Central (44 MB)`,
    make: async (draft) => {
      await writeFile(join(draft, 'pom.xml'), pom)
      const plugin = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies'
      await run('mvn', ['-B', '-q', '-ntp', plugin, '-DincludeScope=runtime', `-DoutputDirectory=${join(draft, 'libs')}`], { cwd: draft })
    },
  })
  return join(directory, 'libs', '*')
}

/** An archive of the broker's loaded classes: it starts in 2 seconds with it, in 6 without. */
export async function kafkaClassArchive(classPath: string): Promise<string> {
  const java = await run('java', ['--version'])
  const directory = await artefact({
    name: 'kafka-classes',
    version: kafkaVersion,
    recipe: [classPath, java, ...javaFlags],
    title: 'class archive of the broker, by a trial run',
    make: (draft) => trialRun(classPath, draft),
  })
  return join(directory, archiveFile)
}

const archiveFile = 'broker.jsa'
const trialPort = 19_892

async function trialRun(classPath: string, draft: string): Promise<void> {
  const directory = join(draft, 'trial')
  const settings = { owner: 'dev', directory, port: trialPort, pods: null } as const
  await mkdir(directory)
  await writeFile(join(directory, 'server.properties'), brokerProperties(settings, join(directory, 'log')))
  await writeFile(join(directory, 'log4j2.properties'), log4jProperties)
  await formatStorage(classPath, directory)
  const archive = `-XX:ArchiveClassesAtExit=${join(draft, archiveFile)}`
  startDaemon(directory, 'broker', 'java', [...javaFlags, archive, ...brokerCommand(classPath, directory)])
  try {
    await waitUntil('the trial broker', () => canConnect('127.0.0.1', trialPort), 120_000, { directory, names: ['broker'] })
  } finally {
    if (daemon(directory, 'broker')) await stopDaemon(directory, 'broker', 'SIGTERM', 60_000)
  }
  await rm(directory, { recursive: true })
}

/** Makes the directory's storage, unless it was made before. */
export async function formatStorage(classPath: string, directory: string): Promise<void> {
  const properties = join(directory, 'server.properties')
  const tool = ['-cp', classPath, 'kafka.tools.StorageTool', 'format', '-t', kafkaClusterId, '-c', properties, '--ignore-formatted']
  await run('java', [...javaFlags, '-Xmx64m', ...tool])
}

/** Arguments of java behind the flags. */
export const brokerCommand = (classPath: string, directory: string): readonly string[] => [
  `-Dlog4j2.configurationFile=${join(directory, 'log4j2.properties')}`,
  '-cp',
  classPath,
  'kafka.Kafka',
  join(directory, 'server.properties'),
]

/** The binding is ours to add: Kafka's artefact brings Log4j but nothing that connects it, and the broker would be mute. */
const pomOf = (module: string): string => `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>dev.streamjob</groupId>
  <artifactId>class-path</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>${module}</artifactId><version>${kafkaVersion}</version></dependency>
    <dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-slf4j-impl</artifactId><version>2.25.4</version></dependency>
  </dependencies>
</project>
`
