'use strict';

/**
 * Whether options are a plain object that says nothing but what `binary` is, as most programs give
 * them: to find that out costs less than to add the defaults.
 *
 * @param {*} options
 * @return {Boolean}
 */
function areOnlyBinary(options) {
  return (
    typeof options === 'object' &&
    options !== null &&
    typeof options.binary === 'boolean' &&
    !('compress' in options) &&
    !('fin' in options) &&
    !('mask' in options) &&
    !('maxFrameSize' in options) &&
    Object.getPrototypeOf(options) === Object.prototype &&
    !('binary' in Object.prototype)
  );
}

/**
 * The options of send() with their defaults. As under ws, what options inherit does not count, and
 * one that is there and undefined counts as false.
 *
 * @param {*} options
 * @param {*} data what is to be sent
 * @param {Boolean} isServer
 * @return {{binary: *, compress: *, fin: *, mask: *, maxFrameSize: *}} the last one if it is there
 */
function sendOptions(options, data, isServer) {
  return {
    binary: typeof data !== 'string',
    compress: true,
    fin: true,
    mask: !isServer,
    ...options
  };
}

module.exports = { areOnlyBinary, sendOptions };
