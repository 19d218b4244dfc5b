import './app.css';

const page = document.getElementById('page');
if (page) {
  page.textContent = 'Edge';
}
