import test from 'ava'
import { ConfigError, parseConfig } from '../../operator/config.ts'

test('an image is all that has to be said', (t) => {
  t.like(parseConfig([], { STREAMJOB_RUNTIME_IMAGE: 'streamjob:1', POD_NAMESPACE: 'system', POD_NAME: 'operator-0' }), {
    namespaces: null,
    runtimeImage: 'streamjob:1',
    httpPort: 8080,
    leaderElection: true,
    namespace: 'system',
    podName: 'operator-0',
    operatorId: 'system/streamjob-operator',
    logLevel: 'info',
    kubeconfig: null,
  })
})

test('a flag wins over its variable', (t) => {
  const env = { STREAMJOB_RUNTIME_IMAGE: 'a', STREAMJOB_NAMESPACES: 'x' }
  t.like(parseConfig(['--runtime-image', 'b', '--namespaces', 'y, z', '--leader-election=false'], env), {
    runtimeImage: 'b',
    namespaces: ['y', 'z'],
    leaderElection: false,
  })
})

for (const [what, args, message] of [
  ['no image', [], /--runtime-image or STREAMJOB_RUNTIME_IMAGE/],
  ['a port that is none', ['--runtime-image=a', '--http-port=99999'], /--http-port is a whole number from 0 to 65535/],
  ['a switch that is neither on nor off', ['--runtime-image=a', '--leader-election=yes'], /--leader-election is true or false/],
  ['an unknown level', ['--runtime-image=a', '--log-level=loud'], /--log-level/],
  ['an unknown flag', ['--runtime-image=a', '--colour=red'], /--colour/],
  ['labels that are none', ['--runtime-image=a', '--pod-labels=app'], /--pod-labels/],
] as const) {
  test(`${what} is refused by name`, (t) => {
    t.throws(() => parseConfig(args, {}), { instanceOf: ConfigError, message })
  })
}
