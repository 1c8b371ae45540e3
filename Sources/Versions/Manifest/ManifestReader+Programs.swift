import Cloud
import JSON
import Names
import NetworkTypes
import Text

/// What is executed: how a service runs, its tests and actions.
extension ManifestReader {
    mutating func run(_ field: ManifestField) -> RunSection? {
        var names = ["command", "environment", "stop-signal", "stop-timeout", "start-timeout", "ready"]
        if faults.format > 1 { names += ["workers", "reload", "watchdog", "inherit"] }
        guard let object = field.object(names, &faults) else { return nil }
        let command = object.required("command", &faults).flatMap { self.command($0) }
        let signal = object.required("stop-signal", &faults)?.choice(StopSignal.self, &faults)
        let stop = object.required("stop-timeout", &faults)?.integer(in: RunSection.timeouts, &faults)
        let start = object.required("start-timeout", &faults)?.integer(in: RunSection.timeouts, &faults)
        let ready = object.required("ready", &faults).flatMap { readiness($0) }
        let environment = object.optional("environment").map { self.environment($0) } ?? []
        guard let command, let signal, let stop, let start, let ready else { return nil }
        var run = RunSection(command: command)
        run.environment = environment
        run.stopSignal = signal
        run.stopTimeout = stop
        run.startTimeout = start
        run.ready = ready
        run.workers = object.optional("workers")?.integer(in: RunSection.numbersOfWorkers, &faults) ?? run.workers
        run.reload = object.optional("reload").flatMap { reload($0) }
        run.watchdog = object.optional("watchdog")?.integer(in: RunSection.watchdogs, &faults)
        run.inheritance =
            object.optional("inherit")?.choice(SocketInheritance.self, &faults) ?? run.inheritance
        if case .time(let seconds) = ready, seconds > start {
            field.fault("\"ready\" waits longer than \"start-timeout\"", &faults)
        }
        return run
    }

    private mutating func readiness(_ field: ManifestField) -> RunSection.Readiness? {
        guard let object = field.object(["by", "port", "seconds"], &faults),
            let by = object.required("by", &faults), let kind = by.string(&faults)
        else { return nil }
        for (name, owner) in [("port", "port"), ("seconds", "time")] where !kind.isExactly(owner) {
            object.optional(name)?.fault("has no meaning beside \(kind.printed())", &faults)
        }
        if kind.isExactly("notify") { return .notify }
        if kind.isExactly("port") { return object.required("port", &faults).flatMap { port($0) }.map { .port($0) } }
        if kind.isExactly("time") {
            return object.required("seconds", &faults)?.integer(in: RunSection.Readiness.times, &faults).map {
                .time(seconds: $0)
            }
        }
        by.fault("\(kind.printed()) is none of notify, port, time", &faults)
        return nil
    }

    private mutating func reload(_ field: ManifestField) -> RunSection.Reload? {
        guard let object = field.object(["by", "signal"], &faults), let by = object.required("by", &faults),
            let kind = by.string(&faults)
        else { return nil }
        if kind.isExactly("signal") {
            return object.required("signal", &faults)?.choice(StopSignal.self, &faults).map { .signal($0) }
        }
        object.optional("signal")?.fault("has no meaning beside \(kind.printed())", &faults)
        if kind.isExactly("restart") { return .restart }
        if kind.isExactly("none") { return .nothing }
        by.fault("\(kind.printed()) is none of signal, restart, none", &faults)
        return nil
    }

    mutating func command(_ field: ManifestField) -> [String]? {
        let fields = field.array(atMost: CommandRule.mostWords, &faults)
        guard let first = fields.first else {
            if case .array(let words) = field.value, words.isEmpty { field.fault("is empty", &faults) }
            return nil
        }
        let program = first.string(&faults, CommandRule.problem(withProgram:))
        let words = fields.dropFirst().compactMap { $0.string(&faults, CommandRule.problem(withArgument:)) }
        guard let program, words.count == fields.count - 1 else { return nil }
        return [program] + words
    }

    private mutating func environment(_ field: ManifestField) -> [EnvironmentVariable] {
        guard case .object(let members) = field.value else {
            field.fault("must be an object, and is \(field.value.kind)", &faults)
            return []
        }
        guard members.count <= EnvironmentVariable.most else {
            field.fault("has more than \(EnvironmentVariable.most) variables", &faults)
            return []
        }
        let place = field.place
        return members.compactMap { member in
            let field = ManifestField(member.value, place, member.name)
            if let problem = EnvironmentVariable.problem(withName: member.name) {
                field.fault("\(member.name.printed()) \(problem)", &faults)
            }
            return field.string(&faults, EnvironmentVariable.problem(withValue:)).map {
                EnvironmentVariable(name: member.name, value: $0)
            }
        }.sorted { ExactText($0.name) < ExactText($1.name) }
    }

    mutating func port(_ field: ManifestField) -> UInt16? {
        field.integer(in: 1...65_535, &faults).flatMap { UInt16(exactly: $0) }
    }

    private mutating func name(_ object: ManifestObject, _ kind: ObjectName.Kind) -> String? {
        object.required("name", &faults)?.string(&faults) { name in
            ObjectName.problem(with: name, as: kind).map { "is no name of \(kind.phrase): it \($0)" }
        }
    }

    mutating func listen(_ field: ManifestField, workers: Int) -> [ListeningSocket] {
        var sockets: [ListeningSocket] = []
        for field in field.array(atMost: ListeningSocket.most, &faults) {
            guard let socket = socket(field) else { continue }
            if sockets.contains(where: { $0.name.isExactly(socket.name) }) {
                field.fault("a socket \"\(socket.name)\" is there twice", &faults)
            }
            if sockets.contains(where: { $0.overlaps(socket) }) {
                field.fault("\(socket.transport.rawValue) port \(socket.ports) is there twice", &faults)
            }
            sockets.append(socket)
        }
        if let problem = ListeningSocket.problem(with: sockets, workers: workers) { field.fault(problem, &faults) }
        return sockets
    }

    private mutating func socket(_ field: ManifestField) -> ListeningSocket? {
        let names = ["name", "protocol", "port"] + (faults.format > 1 ? ["ports", "address"] : [])
        guard let object = field.object(names, &faults) else { return nil }
        let name = name(object, .socket)
        let transport = object.required("protocol", &faults)?.choice(ListeningSocket.Transport.self, &faults)
        let ports: PortRange?
        if let range = object.optional("ports") {
            ports = range.value("range of ports", &faults) { PortRange($0) }
            object.optional("port")?.fault("has no meaning beside \"ports\"", &faults)
        } else {
            ports = object.required("port", &faults).flatMap { self.port($0) }.flatMap { PortRange($0) }
        }
        let address = object.optional("address")?.value("IPv4 or IPv6 address", &faults) { IPAddress($0) }
        guard let name, let transport, let ports else { return nil }
        return ListeningSocket(name: name, transport: transport, ports: ports, address: address)
    }

    /// The most tests of a version.
    private static let mostTests = 256

    mutating func tests(_ field: ManifestField) -> [Manifest.Test] {
        var names = Set<ExactText>()
        return field.array(atMost: Self.mostTests, &faults).compactMap { field in
            guard let object = field.object(["name", "command", "http", "timeout", "from"], &faults) else { return nil }
            let name = name(object, .test)
            let timeout = object.required("timeout", &faults)?.integer(in: ServiceTest.timeouts, &faults)
            let origin = object.required("from", &faults)?.choice(ServiceTest.Origin.self, &faults)
            let action: ServiceTest.Action?
            switch (object.optional("command"), object.optional("http")) {
            case (let command?, nil): action = self.command(command).map { .command($0) }
            case (nil, let http?): action = self.http(http).map { .http($0) }
            default:
                field.fault("has either \"command\" or \"http\"", &faults)
                action = nil
            }
            guard let name, let timeout, let origin, let action else { return nil }
            if !names.insert(ExactText(name)).inserted { field.fault("a test \"\(name)\" is there twice", &faults) }
            if case .command = action, origin == .outside {
                field.fault("a command is run on the service's server, not from outside", &faults)
            }
            return Manifest.Test(name: name, action: action, timeout: timeout, origin: origin)
        }
    }

    private mutating func http(_ field: ManifestField) -> ServiceTest.HTTPCheck? {
        guard let object = field.object(["method", "port", "path", "status"], &faults) else { return nil }
        let method = object.required("method", &faults)?.string(&faults) { method in
            ServiceTest.HTTPCheck.methods.contains(method)
                ? nil : "is none of \(ServiceTest.HTTPCheck.methods.joined(separator: ", "))"
        }
        let port = object.required("port", &faults).flatMap { self.port($0) }
        let path = object.required("path", &faults)?.string(&faults) { path in
            ServiceTest.HTTPCheck.isPath(path) ? nil : "is no path that starts with \"/\""
        }
        let status = object.required("status", &faults)?.integer(in: ServiceTest.HTTPCheck.statuses, &faults)
        guard let method, let port, let path, let status else { return nil }
        return ServiceTest.HTTPCheck(method: method, port: port, path: path, status: status)
    }

    mutating func actions(_ field: ManifestField) -> [ServiceAction] {
        var names = Set<ExactText>()
        return field.array(atMost: ServiceAction.most, &faults).compactMap { field in
            let known = ["name", "command", "arguments", "timeout", "every"]
            guard let object = field.object(known, &faults) else { return nil }
            let name = name(object, .action)
            let command = object.required("command", &faults).flatMap { self.command($0) }
            let timeout = object.required("timeout", &faults)?.integer(in: ServiceAction.timeouts, &faults)
            let arguments = object.optional("arguments").map { self.arguments($0) } ?? []
            let every = object.optional("every")?.integer(in: ServiceAction.intervals, &faults)
            guard let name, let command, let timeout else { return nil }
            var action = ServiceAction(name: name, command: command)
            action.arguments = arguments
            action.timeout = timeout
            action.every = every
            if !names.insert(ExactText(name)).inserted { field.fault("an action \"\(name)\" is there twice", &faults) }
            if let problem = ServiceAction.problem(with: arguments, every: every) {
                field.fault("the action \(problem)", &faults)
            }
            return action
        }
    }

    private mutating func arguments(_ field: ManifestField) -> [ActionArgument] {
        field.array(atMost: ServiceAction.mostArguments, &faults).compactMap { field in
            guard let object = field.object(["name", "words", "number", "text", "optional"], &faults) else {
                return nil
            }
            let name = name(object, .argument)
            let isOptional = object.optional("optional")?.boolean(&faults) ?? false
            guard let kind = argumentKind(object, field), let name else { return nil }
            return ActionArgument(name: name, kind: kind, isOptional: isOptional)
        }
    }

    private mutating func argumentKind(_ object: ManifestObject, _ field: ManifestField) -> ActionArgument.Kind? {
        typealias Kind = ActionArgument.Kind
        switch (object.optional("words"), object.optional("number"), object.optional("text")) {
        case (let field?, nil, nil):
            let fields = field.array(atMost: Kind.mostWords, &faults)
            let words = fields.compactMap { $0.string(&faults, Kind.problem(withWord:)) }.map { ExactText($0) }
            if words.count == fields.count, words.isEmpty || Set(words).count < words.count {
                field.fault("must have words, each of them once", &faults)
            }
            return .words(words)
        case (nil, let field?, nil):
            let bounds = field.array(atMost: 2, &faults).compactMap { $0.integer(in: .min ... .max, &faults) }
            guard bounds.count == 2, bounds[0] <= bounds[1] else {
                field.fault("must be the lowest and the highest number", &faults)
                return nil
            }
            return .number(bounds[0]...bounds[1])
        case (nil, nil, let field?):
            return field.integer(in: Kind.lengths, &faults).map { .text(longest: $0) }
        default:
            field.fault("has one of \"words\", \"number\" and \"text\"", &faults)
            return nil
        }
    }
}
