'use strict';

// An ESLint rule for lib/: a regular expression takes time in proportion to what it looks at.
//
// V8 tries an expression at each position, and goes back for every other way to match. So /[ \t]+$/
// on 16 KiB of white space that something follows takes a quarter of a second, and one such header
// a second is enough to keep a server busy. What cannot be slow is an expression that repeats
// nothing without bound, and one that is a single class, repeated, from the start of the text.

/**
 * A pattern with each escape, class and quantifier in one letter: A for what matches a character,
 * R for a repetition without bound, and the rest as it is.
 */
function outline(pattern) {
  return pattern
    .replace(/\\./gs, 'A')
    .replace(/\[[^\]]*\]/gs, 'A')
    .replace(/(?:[+*]|\{\d+,\})\??/g, 'R');
}

/**
 * Whether the time that an expression takes is at most proportional to the text.
 *
 * @param {String} pattern
 * @param {String} flags
 * @return {Boolean}
 */
function isLinear(pattern, flags) {
  const text = outline(pattern);
  if (!text.includes('R')) return true;
  return !/[gmy]/.test(flags) && /^\^AR\$?$/.test(text);
}

module.exports = {
  meta: {
    type: 'problem',
    messages: {
      slow: 'This expression can take more time than its text is long: scan by index instead.',
      unknown: 'Expressions are literals here, so that it can be seen how long they take.'
    },
    schema: []
  },
  create(context) {
    const refuseCall = (node) => {
      if (node.callee.name === 'RegExp') context.report({ node, messageId: 'unknown' });
    };
    return {
      Literal(node) {
        if (node.regex && !isLinear(node.regex.pattern, node.regex.flags)) {
          context.report({ node, messageId: 'slow' });
        }
      },
      CallExpression: refuseCall,
      NewExpression: refuseCall
    };
  }
};
