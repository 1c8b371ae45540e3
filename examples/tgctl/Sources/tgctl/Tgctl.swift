import Dispatch
import Glibc
import NIOCore
import NIOPosix
import ServiceWorker
import Synchronization

/// tgctl: what a control room asks about a device gateway, over HTTP. An example of a service in Swift.
///
/// usage: tgctl [--crash-for-tests]
///
/// Under Portcullis its sockets are those named "http". By itself it listens at port 8081 of 127.0.0.1.
@main
enum Tgctl {
    static func main() throws {
        let words = CommandLine.arguments.dropFirst()
        guard words.allSatisfy({ $0 == "--crash-for-tests" }) else {
            fail("usage: tgctl [--crash-for-tests]", status: 64)
        }
        let state = State(mayCrash: !words.isEmpty)
        // Before there is another thread: it changes the environment.
        try ServiceWorker.register("channels") { _ in "\(state.configuration.channels.count)" }
        try ServiceWorker.begin(onConfiguration: { path in try state.take(Configuration(contentsOf: path)) })
        if let path = ServiceWorker.configurationPath {
            do throws(ConfigurationError) {
                state.take(try Configuration(contentsOf: path))
            } catch {
                fail("tgctl: \(error)", status: 78)
            }
        }

        // One loop: a service has as many workers as it is to have threads.
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let server = try Server.start(on: loop, sockets: ServiceWorker.sockets(named: "http"), state)
        let signals = [SIGTERM, SIGINT].map { number in stopSource(number, server) }
        try ServiceWorker.ready()
        // Configurations and the console come in a thread of the library.
        try ServiceWorker.runThread()
        if let interval = ServiceWorker.aliveInterval {
            // A sign of life of the loop, which does the work.
            let delay = TimeAmount(interval)
            loop.scheduleRepeatedTask(initialDelay: .zero, delay: delay) { _ in try ServiceWorker.alive() }
        }
        try server.ended.wait()
        withExtendedLifetime(signals) {}
    }

    /// Has the server end at a signal.
    private static func stopSource(_ number: CInt, _ server: Server) -> any DispatchSourceSignal {
        signal(number, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
        source.setEventHandler {
            try? ServiceWorker.stopping()
            server.stop()
        }
        source.resume()
        return source
    }

    private static func fail(_ text: String, status: CInt) -> Never {
        let line = Array("\(text)\n".utf8)
        _ = write(STDERR_FILENO, line, line.count)
        exit(status)
    }
}

/// What the library's thread writes and the loop reads.
final class State: Sendable {
    let mayCrash: Bool
    private let current = Mutex(Configuration())

    init(mayCrash: Bool) { self.mayCrash = mayCrash }

    var configuration: Configuration { current.withLock(\.self) }

    func take(_ configuration: Configuration) { current.withLock { $0 = configuration } }
}
