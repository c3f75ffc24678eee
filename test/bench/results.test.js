'use strict';

// What `npm run bench` makes of its measurements.

const { findCliffs } = require('../../bench/cliffs');
const { inWords } = require('../../bench/ratio');
const { comparePairs, medians } = require('../../bench/statistics');

describe('ratios', () => {
  it.each([
    [1 / 26.04, '26 times less'],
    [1 / 1.71, '1.7 times less'],
    [0.93, '7% less'],
    [1.04, '4% more'],
    [1.004, 'the same'],
    [2.1, '2.1 times as much'],
    [1234, '1,234 times as much']
  ])('%f is read as "%s"', (ratio, words) => {
    expect(inWords(ratio)).toBe(words);
  });

  it.each([NaN, Infinity, 0, -1, undefined])('%p is none', (ratio) => {
    expect(inWords(ratio)).toBe('');
  });
});

describe('runs', () => {
  const runs = [{ cpu: 4 }, { cpu: 1 }, { cpu: 3 }];
  const others = [{ cpu: 2 }, { cpu: 2 }, { cpu: 3 }];

  it('have medians, figure by figure', () => {
    expect(medians(runs)).toEqual({ cpu: 3 });
  });

  it('of two builds are compared as pairs, and by the smallest figures', () => {
    expect(comparePairs(runs, others, 'cpu')).toEqual({ median: 1, minimum: 0.5 });
  });
});

describe('cliffs', () => {
  const PAGE = 4096;

  // An echo of each size, and what a message takes.
  function rowsOf(sizes, more = {}) {
    return sizes.map(([size, faults, calls = 2]) => ({
      load: { column: 'echo', line: `${size} B`, kind: 'binary', connections: 20, size, ...more },
      results: { wsuv: { faults, calls } }
    }));
  }

  const find = (rows) => findCliffs(rows, ['faults', 'calls']);

  it('are not where larger messages take more in proportion', () => {
    const rows = rowsOf([
      [PAGE, 1, 2],
      [16 * PAGE, 16, 4],
      [256 * PAGE, 256, 18]
    ]);
    expect(find(rows)).toEqual([]);
  });

  it('are not where only chance is to be seen', () => {
    const rows = rowsOf(
      [
        [20, 0.01],
        [30, 0.9],
        [40, 0],
        [50, 0.5]
      ],
      { kind: 'fan-out', connections: 200 }
    );
    expect(find(rows)).toEqual([]);
  });

  it('are not where a message has memory of its own that is new', () => {
    expect(
      find(
        rowsOf([
          [15 * PAGE, 0],
          [16 * PAGE, 16],
          [17 * PAGE, 0]
        ])
      )
    ).toEqual([]);
  });

  it('begin where a message takes much more than a smaller one', () => {
    expect(
      find(
        rowsOf([
          [PAGE, 0],
          [2 * PAGE, 4],
          [3 * PAGE, 6]
        ])
      )
    ).toEqual(['echo: 4096 B takes 0.00 page faults a message, and 8192 B 4.00']);
  });

  it('end where a message takes much less than a smaller one', () => {
    expect(
      find(
        rowsOf([
          [PAGE, 4],
          [2 * PAGE, 0]
        ])
      )
    ).toEqual(['echo: 4096 B takes 4.00 page faults a message, and 8192 B 0.00']);
  });

  it('are where what goes to many has new memory for each of them', () => {
    const toMany = { kind: 'fan-out', connections: 200 };
    expect(
      find(
        rowsOf(
          [
            [15 * PAGE, 0.1],
            [16 * PAGE, 16]
          ],
          toMany
        )
      )
    ).toHaveLength(1);
    expect(
      find(
        rowsOf([
          [15 * PAGE, 0.1],
          [16 * PAGE, 16]
        ])
      )
    ).toHaveLength(0);
  });

  it('are of calls, too', () => {
    expect(
      find(
        rowsOf([
          [20, 0, 0.1],
          [30, 0, 3]
        ])
      )
    ).toEqual(['echo: 20 B takes 0.10 calls of read and write a message, and 30 B 3.00']);
  });
});
