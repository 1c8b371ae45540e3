import AdminAPI
import AdminClient
import ArgumentParser
import CommandLineSupport
import Names
import Text

/// One or more services.
struct ServiceNames: ParsableArguments {
    @Argument(
        help: ArgumentHelp("The services: TYPE.INDEX, one or more.", valueName: "service"),
        completion: .names(.services), transform: NameArgument.read
    )
    var names: [String]

    func validate() throws {
        for name in names where ServiceName(name) == nil {
            throw ValidationError("\"\(name)\" is no service; its name is TYPE.INDEX, like tg.3")
        }
    }
}

/// A subcommand that brings services into a state.
protocol StateCommand: AdminCommand {
    static var state: ServiceState { get }
    var services: ServiceNames { get }
    var change: ChangeOptions { get }
}

extension StateCommand {
    func run(_ client: AdminResources) async throws {
        let patch = ServicePatch(state: Self.state)
        try change.finish(try await client.patch(services.names, patch, dryRun: change.dryRun))
    }
}

extension AdminResources {
    /// Changes services one after the other. Returns one report on all changes.
    func patch(_ services: [String], _ patch: ServicePatch, dryRun: Bool) async throws -> ChangeReport {
        try await changeEach(services) { name in
            AdminRequest.change(.patch, .service(name), dryRun: dryRun).json(patch)
        }
    }

    /// Sends one change for each name. If one fails, the error tells which were changed before.
    func changeEach(_ names: [String], _ request: (String) throws -> AdminRequest) async throws -> ChangeReport {
        var total = ChangeReport(changes: [], export: [])
        var done = [String]()
        var seen = Set<ExactText>()
        for name in names where seen.insert(ExactText(name)).inserted {
            do {
                let request = try request(name)
                total = total.followed(by: try await value(request))
                if request.isChange { done.append(name) }
            } catch let error as CommandError where !done.isEmpty {
                throw CommandError(
                    "\(name): \(error.message)\nDone before: \(done.joined(separator: " "))", hint: error.hint)
            }
        }
        return total
    }
}
