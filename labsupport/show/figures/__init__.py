"""The figures of the lessons, one module a lesson, under the lesson's word."""
