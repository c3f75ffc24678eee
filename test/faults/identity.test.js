'use strict';

// A connection's events are its own: they come in order, to its own WebSocket, and not after its end.

const { SITES } = require('../helpers/sites');
const { rightUnderBoth } = require('../helpers/scenario');

const file = require.resolve('./scenarios/identity');

const pairs = SITES.flatMap((siteOfA) => SITES.map((siteOfB) => ({ siteOfA, siteOfB })));

// What comes through a stream is emitted in the poll, what the addon reads itself behind it: so B may
// have had its turn before A.
function fromGo(log) {
  return log.slice(log.indexOf('go on /A'));
}

for (const sites of pairs) {
  const { siteOfA, siteOfB } = sites;
  const mayBeEarlier = siteOfB === 'tls' && siteOfA !== 'tls';
  rightUnderBoth(
    `a handler on ${siteOfA} terminates another connection on ${siteOfB}: nothing more of it comes`,
    file,
    'handlerActsOnAnother',
    (log, implementation) => {
      const seen = mayBeEarlier && implementation === 'wsuv' ? fromGo(log) : log;
      expect(seen).toEqual(['go on /A', 'close of /B']);
    },
    { args: { ...sites, action: 'terminate' } }
  );
  rightUnderBoth(
    `a handler on ${siteOfA} pauses another connection on ${siteOfB}: its messages wait`,
    file,
    'handlerActsOnAnother',
    (log, implementation) => {
      const late = ['go on /A', 'resume', '1 on /B', '2 on /B'];
      const early = ['1 on /B', '2 on /B', 'go on /A', 'resume'];
      const isEarly = mayBeEarlier && implementation === 'wsuv' && log[0] !== 'go on /A';
      expect(log).toEqual(isEarly ? early : late);
    },
    { args: { ...sites, action: 'pause' } }
  );
  rightUnderBoth(
    `a connection on ${siteOfB} is terminated from ${siteOfA} behind its message, a third comes: all get their own`,
    file,
    'closeBehindMessage',
    (log) => {
      for (const name of ['/A', '/B', '/C']) {
        const own = log.filter((line) => line.endsWith(name));
        expect(own[0]).toBe(`open of ${name}`);
        // What B sent may come before the handler that ends B, or not at all.
        const expected =
          name === '/A' ? ['from A on /A'] : name === '/C' ? ['from C on /C'] : ['close of /B'];
        expect(own.slice(1).filter((line) => line !== 'from B on /B')).toEqual(expected);
      }
      const kicked = log.indexOf('from A on /A');
      expect(log.indexOf('from B on /B')).toBeLessThan(kicked);
    },
    { args: sites }
  );
}

rightUnderBoth(
  'an upgrade and the end of its connection in one poll leave no WebSocket that is open for ever',
  file,
  'upgradeAndEndInOnePoll',
  ({ heard, state, strangers }) => {
    expect(heard.filter((event) => !event.startsWith('message'))).toEqual([
      'connection',
      'close 1006 3'
    ]);
    expect(state).toEqual({ clients: 0, readyState: 3 });
    expect(strangers).toEqual([]);
  }
);

rightUnderBoth(
  'with allowSynchronousEvents: false, handlers of a connection that has gone reach nobody else',
  file,
  'deferredEventsOfOneWhoHasGone',
  (result) => expect(result).toEqual({ hasAnswered: true, strangers: [] })
);

for (const site of SITES) {
  rightUnderBoth(
    `with allowSynchronousEvents: false, a socket on ${site} that is destroyed before the end was told is closed`,
    file,
    'deferredEventsOfDestroyedSocket',
    (result) => expect(result).toEqual({ log: ['close 1006'], clients: 0 }),
    { args: { site } }
  );
}

for (const site of SITES) {
  rightUnderBoth(
    `what paused connections on ${site} have sent is emitted when they are over, in order`,
    file,
    'endOfPaused',
    (counts) => expect(counts).toEqual(Array(40).fill(200)),
    { args: { site } }
  );
}

rightUnderBoth(
  'a request that is kept gives nobody a socket of another connection',
  file,
  'keptRequest',
  (result) => expect(result).toEqual({ destroyed: true, log: ['still here'] })
);
