"""One ticket, whatever is lost, killed or told twice: what holds for every tracker."""

IMPATIENT = {"workers": 2, "lease": "2s", "backoff": {"base": "50ms", "max": "500ms"}}


class OnceTests:
    """Mixed into a case with a `tracker` and a view of it (`JiraCase`, `ServiceNowCase`)."""

    def only_ticket(self):
        tickets = self.seen(self.tracker)
        self.assertEqual(len(tickets), 1, tickets)
        return tickets[0]

    def said(self, words):
        return [text for text in self.only_ticket().words if words in text]

    def test_an_answer_that_is_lost_makes_no_second_ticket(self):
        for kind, lag in (("drop", 0), ("lost", 1.2), ("half", 0.8), ("error", 0.5)):
            with self.subTest(kind):
                self.tracker.index_lag = lag  # where its search lags
                before = len(self.seen(self.tracker))
                self.tracker.fault(kind, *self.CREATE)
                service = self.start(settle="4s" if lag else "1s")
                finding = self.deliver(service)
                self.ticketed(service, finding)
                self.deliver(service)
                self.assertEqual(len(self.seen(self.tracker)), before + 1)
                self.assertEqual(len(self.audit(service, "ticket.created")), 1)
                service.close()

    def test_killed_between_create_and_record_the_next_start_finds_the_ticket(self):
        held = self.tracker.fault("hold", *self.CREATE)
        service = self.start(queue=IMPATIENT)
        finding = self.deliver(service)
        self.assertTrue(held.reached.wait(20))
        service.kill()
        held.release.set()
        service.start()
        dossier = self.ticketed(service, finding, 30)
        self.assertEqual(dossier["draft"]["ticket"]["key"], self.only_ticket().key)
        self.approve(service, dossier)
        self.posted(service, finding)
        self.only_ticket()

    def test_killed_while_approving_the_word_is_written_once(self):
        service = self.start(queue=IMPATIENT)
        finding = self.deliver(service)
        dossier = self.ticketed(service, finding)
        held = self.tracker.fault("hold", *self.COMMENT)
        self.approve(service, dossier, "once and no more")
        self.assertTrue(held.reached.wait(20))
        service.kill()
        held.release.set()
        service.start()
        self.posted(service, finding, 30)
        self.assertEqual(len(self.said("once and no more")), 1)

    def test_a_word_whose_answer_is_lost_stands_there_once(self):
        service = self.start()
        finding = self.deliver(service)
        dossier = self.ticketed(service, finding)
        lost = self.tracker.fault("lost", *self.COMMENT, times=3)
        self.approve(service, dossier, "once and no more")
        self.posted(service, finding, 30)
        self.assertLess(lost.times, 3, "no answer was lost")
        self.assertEqual(len(self.said("once and no more")), 1)
