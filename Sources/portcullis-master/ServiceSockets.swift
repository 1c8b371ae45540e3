import CMaster
import Glibc
import Supervision

/// The sockets of the workers: one of its own for each worker and port (SO_REUSEPORT).
///
/// A worker's replacement gets the same sockets, so connections that nobody has accepted wait for it. The kernel chooses
/// among the sockets of a port by the client's address and port. Where one is closed or opened, it chooses anew: of UDP,
/// datagrams of a client may reach another worker from then on.
final class ServiceSockets {
    private struct Key: Hashable {
        let number: Int
        let socket: SocketName
    }

    private let settings: MasterSettings
    private let store: KeeperStore
    private var opened: [Key: Int32] = [:]

    /// Takes over what an earlier master has opened; what this one does not need is closed.
    init(settings: MasterSettings, store: KeeperStore) {
        self.settings = settings
        self.store = store
        let wanted = Set(settings.sockets)
        for (name, descriptor) in store.inherited {
            guard case .listen(let socket, let number) = name else { continue }
            if settings.numbers.contains(number), wanted.contains(socket) {
                opened[Key(number: number, socket: socket)] = descriptor
            } else {
                store.remove(name)
                master_stop_listening(descriptor)
                close(descriptor)
            }
        }
    }

    /// Whether all sockets of a worker are open.
    func isComplete(_ number: Int) -> Bool {
        settings.sockets.allSatisfy { opened[Key(number: number, socket: $0)] != nil }
    }

    /// Whether another program has one of the ports; `nil`: none. It must come before the first socket is opened.
    func taken() -> String? {
        for one in settings.listen {
            for port in one.ports where master_is_free(one.transport == .udp ? 1 : 0, one.address, port) == 0 {
                return problem(one, port)
            }
        }
        return nil
    }

    /// What `errno` says of a socket.
    private func problem(_ one: ListenSpecification, _ port: UInt16) -> String {
        let place = one.address.map { one.isIPv6 == true ? "[\($0)]" : $0 } ?? "any address"
        return "socket \(one.name): \(one.transport.rawValue) port \(port) of \(place): \(Log.text(errno))"
    }

    /// Opens those sockets of a worker that are closed. Returns what is wrong; `nil`: nothing.
    func open(_ number: Int) -> String? {
        for one in settings.listen {
            for port in one.ports {
                let socket = SocketName(name: one.name, port: port)
                let key = Key(number: number, socket: socket)
                guard opened[key] == nil else { continue }
                let waits: Int32 = settings.inherit == .nginx ? 0 : 1
                let descriptor = master_socket(one.transport == .udp ? 1 : 0, waits, one.address, port)
                guard descriptor >= 0 else { return problem(one, port) }
                opened[key] = descriptor
                store.put(.listen(socket, number: number), descriptor)
            }
        }
        return nil
    }

    /// Closes the sockets of a worker, also in a process that is kept for a debugger.
    func close(_ number: Int) {
        for socket in settings.sockets {
            guard let descriptor = opened.removeValue(forKey: Key(number: number, socket: socket)) else { continue }
            store.remove(.listen(socket, number: number))
            master_stop_listening(descriptor)
            Glibc.close(descriptor)
        }
    }

    private func close(_ descriptor: Int32) { Glibc.close(descriptor) }

    /// The descriptors of a worker, in the order of its environment.
    func descriptors(_ number: Int) -> [Int32] {
        settings.sockets.compactMap { opened[Key(number: number, socket: $0)] }
    }
}
