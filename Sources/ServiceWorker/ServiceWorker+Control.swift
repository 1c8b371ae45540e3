internal import CServiceWorker
internal import Glibc

extension ServiceWorker {
    /// Does what the master asks for, without waiting: calls the handlers of `begin`, and runs the console's Lua.
    public static func dispatch() throws(WorkerError) { try check("dispatch", portcullis_worker_dispatch()) }

    /// Has a thread call `dispatch()` from now on, for programs without a loop of their own.
    public static func runThread() throws(WorkerError) { try check("run_thread", portcullis_worker_run_thread()) }

    /// Gives the Lua console a function of the program, as a global variable.
    ///
    /// Its arguments come as text, and it returns text, or nil. It runs in the thread that dispatches, and is not
    /// subject to the console's limits: if it does not return in time, the worker is replaced.
    public static func register(
        _ name: String, _ function: @escaping @Sendable (_ arguments: [String]) -> String?
    ) throws(WorkerError) {
        try check("lua_register", portcullis_worker_lua_register_text(name, callFunction, kept(function)))
    }
}

/// A closure as the context of a function in C. It lives as long as the process.
func kept<Closure>(_ closure: Closure) -> UnsafeMutableRawPointer {
    Unmanaged.passRetained(Kept(closure)).toOpaque()
}

private final class Kept<Closure> {
    let closure: Closure
    init(_ closure: Closure) { self.closure = closure }
}

private func closure<Closure>(_ context: UnsafeMutableRawPointer?, _: Closure.Type) -> Closure? {
    context.map { Unmanaged<Kept<Closure>>.fromOpaque($0).takeUnretainedValue().closure }
}

func takeConfiguration(
    path: UnsafePointer<CChar>?, problem: UnsafeMutablePointer<CChar>?, size: Int, context: UnsafeMutableRawPointer?
) -> CInt {
    guard let path, let handler = closure(context, (@Sendable (String) throws -> Void).self) else { return 1 }
    do {
        try handler(String(cString: path))
        return 0
    } catch {
        if let problem, size > 0 { copy("\(error)", into: problem, size: size) }
        return 1
    }
}

func takeStop(context: UnsafeMutableRawPointer?) {
    closure(context, (@Sendable () -> Void).self)?()
}

private func callFunction(
    count: Int, arguments: UnsafePointer<UnsafePointer<CChar>?>?, context: UnsafeMutableRawPointer?
) -> UnsafeMutablePointer<CChar>? {
    guard let function = closure(context, (@Sendable ([String]) -> String?).self) else { return nil }
    let texts = UnsafeBufferPointer(start: arguments, count: count).map { $0.map(String.init(cString:)) ?? "" }
    return function(texts).flatMap { strdup($0) }
}

/// Copies as much of a text as there is room for.
private func copy(_ text: String, into buffer: UnsafeMutablePointer<CChar>, size: Int) {
    let bytes = text.utf8.prefix(size - 1)
    for (index, byte) in bytes.enumerated() { buffer[index] = CChar(bitPattern: byte) }
    buffer[bytes.count] = 0
}
