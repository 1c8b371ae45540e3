import CStarter
import Glibc

/// Starts programs by a small process that is made once (`CStarter`), so that a program on a file system that does not
/// answer keeps nobody waiting.
final class ProgramStarter {
    private var socket: Int32 = -1
    private var process: pid_t = 0
    /// Programs that were given up before anybody could wait for them.
    private var abandoned: [pid_t] = []

    deinit {
        stop()
        for process in abandoned { waitpid(process, nil, WNOHANG) }
    }

    /// Makes the process, if there is none. The sooner, the smaller it is.
    @discardableResult func prepare() -> Int32 {
        socket < 0 ? starter_begin(&socket, &process) : 0
    }

    private func stop() {
        guard socket >= 0 else { return }
        close(socket)
        socket = -1
        kill(process, SIGKILL)
        waitpid(process, nil, 0)
    }

    /// Starts a program in a process group of its own, as a child of this process.
    ///
    /// - Parameters:
    ///   - output: gets what the program prints.
    ///   - fault: gets the number of the error if it cannot be executed, and is closed when it is.
    /// - Returns: the process, or the number of the error.
    func start(_ words: [String], _ environment: [String], output: Int32, fault: Int32) -> Result<pid_t, StartError> {
        abandoned.removeAll { waitpid($0, nil, WNOHANG) != 0 }
        let request = Self.request(words, environment)
        guard request.count <= Int(STARTER_LONGEST_REQUEST) else { return .failure(StartError(number: E2BIG)) }
        var program: pid_t = 0
        // One that has ended, or hangs, is replaced once.
        for _ in 0..<2 {
            let number = prepare()
            guard number == 0 else { return .failure(StartError(number: number)) }
            let error = request.withUnsafeBytes {
                starter_start(socket, $0.baseAddress, $0.count, output, fault, &program)
            }
            if error == 0 { return .success(program) }
            if error > 0 { return .failure(StartError(number: error)) }
            stop()
        }
        return .failure(StartError(number: EAGAIN))
    }

    struct StartError: Error {
        let number: Int32
    }

    /// Ends a program that nobody watches.
    func abandon(_ program: pid_t) {
        kill(program, SIGKILL)
        abandoned.append(program)
    }

    private static func request(_ words: [String], _ environment: [String]) -> [UInt8] {
        let head = starter_request_head(words: Int32(words.count), variables: Int32(environment.count))
        return withUnsafeBytes(of: head) { Array($0) } + (words + environment).flatMap { Array($0.utf8) + [0] }
    }
}
