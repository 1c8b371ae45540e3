// A service in Swift that uses the module ServiceWorker.
import Glibc
import ServiceWorker

struct Refusal: Error, CustomStringConvertible {
    let description: String
}

@inline(never) func divide(_ devices: [Int], at index: Int) -> Int { devices[index] / 2 }

@Sendable func say(_ text: String) {
    let line = text + "\n"
    _ = line.withCString { write(STDOUT_FILENO, $0, line.utf8.count) }
}

try ServiceWorker.register("greet") { arguments in
    arguments.isEmpty ? nil : "hello " + arguments.joined(separator: " and ")
}
try ServiceWorker.register("crash") { _ in
    "\(divide([1, 2, 3], at: 7))"
}
try ServiceWorker.begin(
    onConfiguration: { path in
        if path.hasSuffix("bad") { throw Refusal(description: "\(path) is bad") }
        say("configuration \(path)")
    },
    onStop: {
        say("stopped")
        exit(0)
    })
say("\(ServiceWorker.service ?? "none") \(ServiceWorker.number) \(ServiceWorker.isManaged)")
say("\(ServiceWorker.sockets().count) \(ServiceWorker.sockets(named: "http")) \(ServiceWorker.sockets(named: "none"))")
say(ServiceWorker.aliveInterval.map { "\($0)" } ?? "no watchdog")
do {
    try ServiceWorker.begin()
} catch {
    say("\(error)")
}
try ServiceWorker.status("312 devices")
try ServiceWorker.ready()
try ServiceWorker.runThread()
while true {
    try ServiceWorker.alive()
    usleep(50_000)
}
