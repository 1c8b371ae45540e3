import Glibc
import NIOHTTP1
import ServiceWorker

/// What is said to one request.
struct Answer {
    var status: HTTPResponseStatus
    var body: String

    init(to method: HTTPMethod, _ path: String, _ state: State) {
        guard method == .GET || method == .HEAD else {
            self.init(.methodNotAllowed, "{\"problem\": \"only GET and HEAD\"}")
            return
        }
        switch path {
        case "/ping":
            self.init(.ok, "{\"worker\": \(ServiceWorker.number), \"process\": \(getpid())}")
        case "/channels":
            let channels = state.configuration.channels.map { "{\"name\": \"\($0.name)\", \"port\": \($0.port)}" }
            self.init(.ok, "{\"channels\": [\(channels.joined(separator: ", "))]}")
        case _ where state.mayCrash && path.hasPrefix("/crash/"):
            CrashForTests.run(String(path.dropFirst("/crash/".count)))
            self.init(.notFound, "{\"problem\": \"no such crash\"}")
        default:
            self.init(.notFound, "{\"problem\": \"there is /ping and /channels\"}")
        }
    }

    private init(_ status: HTTPResponseStatus, _ body: String) {
        self.status = status
        self.body = body + "\n"
    }
}
