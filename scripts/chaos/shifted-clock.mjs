// Loaded before a daemon: its wall clock jumps by up to an hour, forth and back, each time that it gets SIGUSR2.
const RealDate = Date
let offsetMs = 0
let turn = 0
globalThis.Date = class extends RealDate {
  constructor (...args) {
    if (args.length === 0) super(RealDate.now() + offsetMs)
    else super(...args)
  }

  static now () {
    return RealDate.now() + offsetMs
  }
}
process.on('SIGUSR2', () => {
  turn++
  offsetMs = (turn % 2 === 0 ? -1 : 1) * ((turn * 977) % 3600) * 1000
})
