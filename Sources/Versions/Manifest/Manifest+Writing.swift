import Cloud
package import JSON
import NetworkTypes
import Text

extension Manifest {
    /// The bytes that are signed, and whose SHA-256 names the version. The same manifest gives the same bytes.
    package var bytes: [UInt8] {
        var writer = JSONWriter()
        writer.write(json)
        return writer.bytes
    }

    /// The manifest as JSON.
    package var json: JSONValue {
        var members: [JSONValue.Member] = []
        func add(_ name: String, _ value: JSONValue?) {
            if let value { members.append(.init(name: name, value: value)) }
        }
        func addList(_ name: String, _ values: [JSONValue]) {
            if !values.isEmpty { add(name, .array(values)) }
        }
        add("format", .integer(format))
        add("type", .string(version.type))
        add("name", .string(version.name))
        add("variant", .string(version.variant))
        add("user", user.map { .string($0) })
        add("run", run?.json)
        addList("listen", listen.map(\.json))
        addList("tests", tests.map(\.json))
        addList("actions", actions.map(\.json))
        addList("install", directories.map(\.json))
        addList("uninstall", removedDirectories.map { .string($0) })
        add("database", database?.json)
        add("limits", limits?.json)
        add("files", .array(files.map(\.json)))
        addList("links", links.map(\.json))
        return .object(members)
    }
}

extension JSONValue {
    /// An object of the members that have a value.
    fileprivate static func members(_ members: (String, JSONValue?)...) -> JSONValue {
        .object(members.compactMap { name, value in value.map { .init(name: name, value: $0) } })
    }

    fileprivate static func strings(_ texts: [String]) -> JSONValue { .array(texts.map { .string($0) }) }
}

extension Manifest.File {
    fileprivate var json: JSONValue {
        [
            "path": .string(path), "mode": .string("\(mode)"), "size": .integer(blob.size),
            "sha256": .string("\(blob.digest)"), "compressed-size": .integer(blob.compressedSize),
            "compressed-sha256": .string("\(blob.compressedDigest)"),
        ]
    }
}

extension Manifest.Link {
    fileprivate var json: JSONValue { ["path": .string(path), "target": .string(target)] }
}

extension Manifest.Test {
    fileprivate var json: JSONValue {
        let command: JSONValue?
        let http: JSONValue?
        switch action {
        case .command(let words): (command, http) = (.strings(words), nil)
        case .http(let check):
            command = nil
            http = [
                "method": .string(check.method), "port": .integer(Int(check.port)), "path": .string(check.path),
                "status": .integer(check.status),
            ]
        }
        return .members(
            ("name", .string(name)), ("command", command), ("http", http), ("timeout", .integer(timeout)),
            ("from", .string(origin.rawValue)))
    }
}

extension Manifest.Database {
    fileprivate var json: JSONValue {
        .members(("name", .string(name)), ("schema", .string(schema)), ("patches", patches.map { .string($0) }))
    }
}

extension RunSection {
    fileprivate var json: JSONValue {
        let ready: JSONValue =
            switch self.ready {
            case .notify: ["by": "notify"]
            case .port(let port): ["by": "port", "port": .integer(Int(port))]
            case .time(let seconds): ["by": "time", "seconds": .integer(seconds)]
            }
        let variables = JSONValue.object(environment.map { .init(name: $0.name, value: .string($0.value)) })
        return .members(
            ("command", .strings(command)), ("environment", environment.isEmpty ? .none : .some(variables)),
            ("stop-signal", .string(stopSignal.rawValue)), ("stop-timeout", .integer(stopTimeout)),
            ("start-timeout", .integer(startTimeout)), ("ready", ready),
            ("workers", workers == 0 ? .none : .some(.integer(workers))), ("reload", reload?.json),
            ("watchdog", watchdog.map { .integer($0) }),
            ("inherit", inheritance == .systemd ? .none : .some(.string(inheritance.rawValue))))
    }
}

extension RunSection.Reload {
    fileprivate var json: JSONValue {
        switch self {
        case .signal(let signal): ["by": "signal", "signal": .string(signal.rawValue)]
        case .restart: ["by": "restart"]
        case .nothing: ["by": "none"]
        }
    }
}

extension ListeningSocket {
    fileprivate var json: JSONValue {
        let (port, range): (JSONValue?, JSONValue?) =
            ports.isSinglePort ? (.integer(Int(ports.first)), nil) : (nil, .string("\(ports)"))
        return .members(
            ("name", .string(name)), ("protocol", .string(transport.rawValue)), ("port", port), ("ports", range),
            ("address", address.map { .string("\($0)") }))
    }
}

extension ServiceAction {
    fileprivate var json: JSONValue {
        .members(
            ("name", .string(name)), ("command", .strings(command)),
            ("arguments", arguments.isEmpty ? .none : .some(.array(arguments.map(\.json)))),
            ("timeout", .integer(timeout)), ("every", every.map { .integer($0) }))
    }
}

extension ActionArgument {
    fileprivate var json: JSONValue {
        let accepted: (String, JSONValue?) =
            switch kind {
            case .words(let words): ("words", .strings(words.map(\.wrappedValue)))
            case .number(let range): ("number", .array([.integer(range.lowerBound), .integer(range.upperBound)]))
            case .text(let longest): ("text", .integer(longest))
            }
        return .members(("name", .string(name)), accepted, ("optional", isOptional ? .some(true) : .none))
    }
}

extension ServiceDirectory {
    fileprivate var json: JSONValue {
        .members(("path", .string(path)), ("storage", storage.map { .string($0.rawValue) }))
    }
}

extension ServiceLimits {
    fileprivate var json: JSONValue {
        .members(
            ("memory", memory.map { .integer($0) }), ("cpu", cpu.map { .integer($0) }),
            ("open-files", openFiles.map { .integer($0) }), ("processes", processes.map { .integer($0) }))
    }
}
