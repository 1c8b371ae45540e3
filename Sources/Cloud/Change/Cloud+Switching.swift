import Names

/// Two actions, the second of which is begun when the first has succeeded.
package struct SwitchRequest: Sendable {
    package var demotion: JobRequest
    package var promotion: JobRequest
    package var nonces: (UInt32, UInt32)

    package init(demotion: JobRequest, promotion: JobRequest, nonces: (UInt32, UInt32)) {
        self.demotion = demotion
        self.promotion = promotion
        self.nonces = nonces
    }
}

extension Cloud {
    /// Throws `ChangeError` unless both are services of one type that are installed and are to run.
    package func checkSwitch(_ request: SwitchRequest) throws {
        let old = try service(request.demotion.service)
        guard let new = services[request.promotion.service] else {
            throw fault("#/to", "there is no service \"\(request.promotion.service)\"")
        }
        guard old.name != new.name else { throw fault("#/to", "the service \(old.name) cannot take over from itself") }
        guard old.type == new.type else {
            throw fault("#/to", "the service \(new.name) is not of the type \(old.type)")
        }
        for (service, place) in [(old, "{service}"), (new, "#/to")] where service.installation?.desired != .running {
            throw fault(
                place,
                service.installation == nil
                    ? "the service \(service.name) has no version: ADMIN does not run it"
                    : "the service \(service.name) is stopped")
        }
    }

    private func fault(_ place: String, _ detail: String) -> ChangeError {
        .invalid([Fault(place: .text(place), detail: detail)])
    }

    /// Adds both jobs.
    ///
    /// Throws `ChangeError` as `checkSwitch` does, or if the type does not have both actions.
    package mutating func add(_ request: SwitchRequest) throws {
        try checkSwitch(request)
        let first = try add(request.demotion, nonce: request.nonces.0, namedAt: "#/demote")
        var promotion = request.promotion
        promotion.after = first
        try add(promotion, nonce: request.nonces.1, namedAt: "#/promote")
    }

    @discardableResult
    private mutating func add(_ job: JobRequest, nonce: UInt32, namedAt place: Fault.Place) throws -> String {
        do {
            return try add(job, nonce: nonce)
        } catch ChangeError.invalid(let faults) {
            throw ChangeError.invalid(
                faults.map { $0.place == "#/name" ? Fault(place: place, detail: $0.detail) : $0 })
        }
    }
}
