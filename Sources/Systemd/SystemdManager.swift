import CSystemd
import Glibc

/// The system's systemd, asked over D-Bus on its own socket, as systemctl does for root: no bus is needed, and its restart
/// interrupts nothing. Each call has a connection of its own, since systemd closes all of them when it executes itself
/// anew.
package struct SystemdManager: Sendable {
    private static let address = "unix:path=/run/systemd/private"
    private static let path = "/org/freedesktop/systemd1"
    private static let interface = "org.freedesktop.systemd1.Manager"

    /// Microseconds that an answer may take.
    private let patience: UInt64

    /// - Parameter patience: seconds that an answer may take.
    package init(patience: Int = 25) { self.patience = UInt64(patience) * 1_000_000 }

    /// Whether systemd is process 1 of this machine, as sd_booted(3) finds out.
    package static var isBooted: Bool { access("/run/systemd/system", F_OK) == 0 }

    /// Its version, as it tells it.
    ///
    /// - Throws: if it does not answer.
    package func version() throws(SystemdError) -> String {
        try connected { bus throws(SystemdError) in
            try Self.text(bus, Self.path, Self.interface, "Version")
        }
    }

    /// Makes a unit and starts it. The unit has no file on a disk: it is gone once it has ended.
    ///
    /// - Throws: if systemd refuses it; `isUnitThere` if the name is taken. After an error without a name it may have been
    ///   started.
    package func start(transient unit: String, _ properties: [UnitProperty]) throws(SystemdError) {
        try connected { bus throws(SystemdError) in
            let message = try BusMessage(call: "StartTransientUnit", of: Self.path, Self.interface, on: bus)
            try message.append(unit)
            // Whatever is being done with the unit goes on.
            try message.append("fail")
            try message.append(properties)
            // Other units beside it: none.
            try message.container("a", "(sa(sv))") {}
            var error = sd_bus_error()
            defer { sd_bus_error_free(&error) }
            // The last use of the message itself is before the call that needs it.
            let result = withExtendedLifetime(message) { sd_bus_call(bus, message.pointer, patience, &error, nil) }
            guard result >= 0 else { throw SystemdError(error, result) }
        }
    }

    /// Whether systemd has a unit: a transient one until it has ended.
    package func isLoaded(_ unit: String) throws(SystemdError) -> Bool {
        try connected { bus throws(SystemdError) in
            var encoded: UnsafeMutablePointer<CChar>?
            let result = sd_bus_path_encode("\(Self.path)/unit", unit, &encoded)
            guard result >= 0, let encoded else { throw SystemdError(code: result) }
            defer { free(encoded) }
            let state = try Self.text(bus, String(cString: encoded), "org.freedesktop.systemd1.Unit", "LoadState")
            return !state.utf8.elementsEqual("not-found".utf8)
        }
    }

    // MARK: The connection

    private func connected<Value>(
        _ body: (OpaquePointer) throws(SystemdError) -> Value
    ) throws(SystemdError) -> Value {
        var made: OpaquePointer?
        var result = sd_bus_new(&made)
        guard result >= 0, let bus = made else { throw SystemdError(code: result) }
        defer { sd_bus_flush_close_unref(bus) }
        result = sd_bus_set_address(bus, Self.address)
        if result >= 0 { result = sd_bus_set_method_call_timeout(bus, patience) }
        if result >= 0 { result = sd_bus_start(bus) }
        guard result >= 0 else { throw SystemdError(code: result) }
        return try body(bus)
    }

    private static func text(
        _ bus: OpaquePointer, _ path: String, _ interface: String, _ name: String
    ) throws(SystemdError) -> String {
        var error = sd_bus_error()
        defer { sd_bus_error_free(&error) }
        var value: UnsafeMutablePointer<CChar>?
        let result = sd_bus_get_property_string(bus, nil, path, interface, name, &error, &value)
        guard result >= 0, let value else { throw SystemdError(error, result) }
        defer { free(value) }
        return String(cString: value)
    }
}

extension SystemdError {
    fileprivate init(_ error: sd_bus_error, _ result: Int32) {
        guard let message = error.message else {
            self.init(code: result)
            return
        }
        // What libsystemd itself says of a lost connection has a name, too.
        let name = error.name.map { String(cString: $0) } ?? ""
        self.init(name: name, message: String(cString: message))
    }
}
