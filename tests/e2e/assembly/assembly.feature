Feature: An assembly, from the pool of volunteers to a promise kept
  What Borgerting is for, told once, from start to end, and done through its public APIs and pages alone. It is
  played in one process on the embedded stores; by four processes on PostgreSQL and Kafka; and by the four again
  while each of them is killed at a random moment. The story and its end are the same every time.

  Scenario: A council keeps one promise and is silent about another
    Given a municipality that uses Borgerting
    And a selection of 12 seats with a pool of 60 volunteers
    And an assembly whose members will be those who are drawn

    When 1000 panels are computed and published, and a number is drawn in public
    And the 12 people drawn say yes, and the panel is confirmed
    Then the assembly has 12 members

    When the members write a report of 2 recommendations with 3 initiatives
    And the secretariat hands the report over to the council
    Then nobody can change a word of the report any more
    And the council owes 3 initiatives an answer within 3, 10 and 24 months
    And the public page of each initiative says when the council must answer

    When the council answers initiative 1 that it is followed
    And the day after the first due date comes
    Then initiative 1 was answered in time
    And initiatives 2 and 3 are overdue, and their public pages say "no answer" by themselves
    And the front page counts 1 of 9 answers given, and 2 overdue

    When the council answers initiative 2 that it is not followed
    Then initiative 2 was answered late

    When the council seeks 1 volunteer for initiative 1
    And a coordinator makes a task of it, with one slot for one person
    Then the front page offers 1 free place

    When two volunteers sign up at the same moment
    Then one of them has the place, and the other is number 1 on the waiting list
    And the front page offers no free place

    When the one with the place cancels
    Then the other one has it

    Then nothing happened twice, and nothing was lost
    And no event carried a person's name, telephone or address
